# Stage 2 of the overfit: the three networks on the dense network of stage 1.
_base_ = [
    './dualcenter_hrnet-w16s_1xb8-36e_overfit-256x256.py',
    '../../_base_/stage2.py',
    '../../_base_/small_pose_nets.py',
]

previous_stage = '{{fileDirname}}/dualcenter_hrnet-w16s_1xb8-36e_overfit-256x256.py'
load_from = 'work_dirs/dualcenter_hrnet-w16s_1xb8-36e_overfit-256x256/epoch_36.pth'

epochs = 14
train_cfg = dict(max_epochs=epochs, val_interval=7)
param_scheduler = [dict(type='MultiStepLR', begin=0, end=epochs, milestones=[9, 12], gamma=0.1, by_epoch=True)]

model = dict(
    scales=(1.0,),
    scales_per_step=1,
    scale_probabilities=None,
    crop_largest=False,
    backbone=_base_.stage2.model.backbone,
    head=dict(train_dense=False, pose_nets=_base_.small_pose_nets),
)

photographs = _base_.train_dataloader.dataset.dataset
photographs.pipeline[1].input_size = (256, 256)  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(dataset=photographs))
