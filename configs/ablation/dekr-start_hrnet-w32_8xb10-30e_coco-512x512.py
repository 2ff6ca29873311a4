# Stage 1 in days: from the weights of MMPose's DEKR, converted when they are loaded; every center starts as DEKR's one.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

zoo = 'https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/dekr/coco'
load_from = f'{zoo}/dekr_hrnet-w32_8xb10-140e_coco-512x512_ac7c17bf-20221228.pth'

train_cfg = dict(max_epochs=30, val_interval=10)
optim_wrapper = dict(optimizer=dict(lr=1e-4))  # the weights have learned already
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type='MultiStepLR', begin=0, end=30, milestones=[20, 27], gamma=0.1, by_epoch=True),
]

model = dict(
    backbone=dict(init_cfg=None),
    head=dict(decoder=dict(align='corner')),  # where DEKR's weights have learned to look
)
