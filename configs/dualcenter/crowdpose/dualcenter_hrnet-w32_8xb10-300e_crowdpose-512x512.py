# CrowdPose: 14 keypoints without a face, so the head is the top of the head and the neck; no crowd regions to mask.
_base_ = ['../coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py', '../../_base_/crowdpose.py']

train_cfg = dict(max_epochs=300, val_interval=20)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=300, milestones=[200, 260], gamma=0.1, by_epoch=True),
]
default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP', rule='greater'))

codec = dict(
    type='DualCenterPoseGrouping',
    input_size=(512, 512),
    heatmap_size=(128, 128),
    metainfo=dict(from_file='configs/_base_/datasets/crowdpose.py'),
    centers=[
        dict(name='head_center', rule='mean', sigma=2),
        dict(name='body_center', rule='pair_mid', sigma=4),
    ],
)
model = dict(
    head=dict(
        num_keypoints=14,
        displacement_loss=dict(type='PerCenterSmoothL1Loss', loss_weight=0.004),  # as MMPose's DEKR on CrowdPose
        decoder=codec,
    ),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='EmptySafeBottomupRandomAffine', input_size={{_base_.train_input_size}}),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='FastPackPoseInputs', meta_keys={{_base_.train_meta_keys}}),
]

train_dataloader = dict(dataset=dict(**_base_.crowdpose.train, pipeline=train_pipeline))
val_dataloader = dict(dataset=_base_.crowdpose.test)
test_dataloader = val_dataloader
val_evaluator = _base_.crowdpose.evaluator
test_evaluator = val_evaluator
