# `make demo`: one epoch on all three scales, from the checkpoint that comes with the repository.
_base_ = ['./dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py']

load_from = '{{$DUALCENTER_DEMO_CHECKPOINT:checkpoints/dualcenter_hrnet-w16s_synthetic-256x256.pth}}'

train_cfg = dict(max_epochs=1, val_interval=1)
randomness = dict(seed=0)  # two demos on one machine printed the same table
optim_wrapper = dict(optimizer=dict(lr=1e-4))  # the checkpoint has learned already
param_scheduler = [
    dict(type='LinearLR', begin=0, end=20, start_factor=0.1, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=10))

model = dict(scales_per_step=3, scale_probabilities=None, crop_largest=False)
