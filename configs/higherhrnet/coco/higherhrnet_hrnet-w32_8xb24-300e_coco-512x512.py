# HigherHRNet (arXiv 1908.10357), HRNet-W32 at 512.
# Data, augmentation and evaluation are those of the dual-center model.
_base_ = ['../../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

train_cfg = dict(max_epochs=300)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),  # warm-up
    dict(type='MultiStepLR', begin=0, end=300, milestones=[200, 260], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=192)  # Adam at 1e-3, the paper's rate; batch as MMPose's associative embedding
model_wrapper_cfg = None

scales = (1.0,)
train_input_size = (512, 512)
embedding = dict(
    type='AssociativeEmbeddingGrouping',
    input_size=(512, 512),
    heatmap_size=(128, 128),
    metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
)
codec = dict(_delete_=True, **embedding)

backbone = _base_.model.backbone
backbone.extra.stage4.multiscale_output = False  # only the finest map is used
model = dict(
    _delete_=True,
    type='BottomupPoseEstimator',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone=backbone,
    head=dict(type='HigherHRNetHead', in_channels=32, num_keypoints=17, num_deconv_filters=32, decoder=embedding),
    test_cfg=dict(flip_test=True),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='EmptySafeBottomupRandomAffine', input_size=train_input_size),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder=embedding),
    dict(type='FastPackPoseInputs', meta_keys={{_base_.train_meta_keys}}),
]
train_dataloader = dict(batch_size=24, dataset=dict(pipeline=train_pipeline))
