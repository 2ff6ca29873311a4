# Stage 3 of any model, optional: all parts together, the dense network at a tenth of the networks' rate.
# One scale: stage 2 has dropped the heads of the others.
stage3 = dict(
    train_cfg=dict(max_epochs=10, val_interval=5),
    param_scheduler=[],  # a constant rate
    optim_wrapper=dict(
        optimizer=dict(lr=1e-4),
        paramwise_cfg=dict(
            custom_keys={
                'backbone': dict(lr_mult=0.1),
                'heatmap_branch': dict(lr_mult=0.1),
                'displacement_branch': dict(lr_mult=0.1),
                'displacement_branch.finals': dict(lr_mult=0.1),  # stage 1 may have a rate of its own for it
            }
        ),
    ),
    model=dict(backbone=dict(frozen_stages=-1, norm_eval=False), head=dict(train_dense=True)),
)
