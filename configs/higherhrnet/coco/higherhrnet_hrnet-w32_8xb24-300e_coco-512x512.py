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

encoder = dict(_base_.encoder, type='AssociativeEmbeddingGrouping')

backbone = _base_.model.backbone
backbone.extra.stage4.multiscale_output = False  # only the finest map is used
model = dict(
    _delete_=True,
    type='BottomupPoseEstimator',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone=backbone,
    head=dict(type='HigherHRNetHead', in_channels=32, num_keypoints=17, num_deconv_filters=32, decoder=encoder),
    test_cfg=dict(flip_test=True),
)

pack_targets = dict(type='GenerateTarget', encoder=encoder)
train_pipeline = [_base_.load_image, _base_.one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]
train_dataloader = dict(batch_size=24, dataset=dict(pipeline=train_pipeline))
