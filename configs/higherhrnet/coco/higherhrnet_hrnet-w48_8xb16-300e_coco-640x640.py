_base_ = ['./higherhrnet_hrnet-w32_8xb24-300e_coco-512x512.py']

train_input_size = (640, 640)
embedding = dict(
    type='AssociativeEmbeddingGrouping',
    input_size=(640, 640),
    heatmap_size=(160, 160),
    metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
)
codec = embedding

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
    head=dict(in_channels=48, num_deconv_filters=48, decoder=embedding),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='EmptySafeBottomupRandomAffine', input_size=train_input_size),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder=embedding),
    dict(type='FastPackPoseInputs', meta_keys={{_base_.train_meta_keys}}),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='BottomupResize', input_size=embedding['input_size'], size_factor=32, resize_mode='expand'),
    dict(type='PackPoseInputs', meta_keys={{_base_.test_meta_keys}}),
]

auto_scale_lr = dict(base_batch_size=128)
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
