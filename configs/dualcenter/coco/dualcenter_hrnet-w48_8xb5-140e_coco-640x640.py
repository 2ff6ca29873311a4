_base_ = ['./dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

train_input_size = (1280, 1280)  # 2S
codec = dict(
    type='DualCenterPoseGrouping',
    input_size=(640, 640),
    heatmap_size=(160, 160),
    metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
    centers=[
        dict(name='head_center', rule='mean', sigma=2),
        dict(name='body_center', rule='pair_mid', sigma=4),
    ],
)

channels = (48, 96, 192, 384)
model = dict(
    backbone=dict(
        extra=dict(
            stage2=dict(num_channels=channels[:2]),
            stage3=dict(num_channels=channels[:3]),
            stage4=dict(num_channels=channels),
        ),
        init_cfg=dict(checkpoint='https://download.openmmlab.com/mmpose/pretrain_models/hrnet_w48-8ef0771d.pth'),
    ),
    head=dict(in_channels=channels, num_heatmap_filters=48, decoder=codec),  # 48 as MMPose's DEKR of this width
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='EmptySafeBottomupRandomAffine', input_size=train_input_size),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='FastPackPoseInputs', meta_keys={{_base_.train_meta_keys}}),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='BottomupResize', input_size=codec['input_size'], size_factor=32, resize_mode='expand'),
    dict(type='PackPoseInputs', meta_keys={{_base_.test_meta_keys}}),
]

auto_scale_lr = dict(base_batch_size=40)  # 8 GPUs x 5 images
train_dataloader = dict(batch_size=5, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
