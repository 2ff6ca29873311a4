# Stage 2 of any model: the three pose-level networks, on a dense network that is finished and stays as it is to the
# last bit. A config takes what it needs: `model = _base_.stage2.model`.
stage2 = dict(
    train_cfg=dict(max_epochs=20, val_interval=5),
    param_scheduler=[dict(type='MultiStepLR', begin=0, end=20, milestones=[12, 17], gamma=0.1, by_epoch=True)],
    model=dict(
        scales=(1.0,),  # the scale of the test: its poses are the ones to judge
        backbone=dict(frozen_stages=4, norm_eval=True, init_cfg=None),
        head=dict(
            train_dense=False,
            pose_nets=dict(
                similarity=dict(type='PoseSimilarityNet'),
                confidence=dict(type='PoseConfidenceNet'),
                refinement=dict(type='PoseRefinementNet'),
            ),
        ),
    ),
)
