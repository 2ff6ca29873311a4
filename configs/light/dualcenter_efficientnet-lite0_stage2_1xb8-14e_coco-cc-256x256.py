# The whole method on the light backbone: stage 2 on the dense network of stage 1.
_base_ = [
    './dualcenter_efficientnet-lite0_1xb8-40e_coco-cc-256x256.py',
    '../_base_/stage2.py',
    '../_base_/small_pose_nets.py',
]

previous_stage = '{{fileDirname}}/dualcenter_efficientnet-lite0_1xb8-40e_coco-cc-256x256.py'
load_from = 'work_dirs/dualcenter_efficientnet-lite0_1xb8-40e_coco-cc-256x256/epoch_40.pth'

train_cfg = dict(max_epochs=14, val_interval=14)
param_scheduler = [dict(type='MultiStepLR', begin=0, end=14, milestones=[9, 12], gamma=0.1, by_epoch=True)]

model = dict(
    scales=(1.0,),
    scales_per_step=1,
    scale_probabilities=None,
    crop_largest=False,
    backbone=_base_.stage2.model.backbone,
    head=dict(train_dense=False, pose_nets=_base_.small_pose_nets),
)

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = _base_.codec.input_size  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
