# CrowdPose: 14 keypoints without a face, so the head is the top of the head and the neck; no crowd regions to mask.
_base_ = ['../coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py', '../../_base_/crowdpose.py']

train_cfg = dict(max_epochs=300, val_interval=20)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=300, milestones=[200, 260], gamma=0.1, by_epoch=True),
]
default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP', rule='greater'))

encoder = dict(_base_.encoder, metainfo=dict(from_file='configs/_base_/datasets/crowdpose.py'))
model = dict(
    head=dict(
        num_keypoints=14,
        displacement_loss=dict(type='PerCenterSmoothL1Loss', loss_weight=0.004),  # as MMPose's DEKR on CrowdPose
        decoder=dict(metainfo=encoder['metainfo']),
    ),
)

pack_targets = dict(type='GenerateTarget', encoder=encoder)
train_pipeline = [_base_.load_image, _base_.affine, _base_.mirror, pack_targets, _base_.pack_training]
one_scale_pipeline = [_base_.load_image, _base_.one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]
one_scale_loader = dict(dataset=dict(pipeline=one_scale_pipeline))

train_dataloader = dict(dataset=dict(**_base_.crowdpose.train, pipeline=train_pipeline))
val_dataloader = dict(dataset=_base_.crowdpose.test)
test_dataloader = val_dataloader
val_evaluator = _base_.crowdpose.evaluator
test_evaluator = val_evaluator
