# HigherHRNet, reduced: backbone, data and schedule of the small dual-center model, one scale.
_base_ = ['../../dualcenter/synthetic/dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py']

model_wrapper_cfg = None
optim_wrapper = dict(paramwise_cfg=None)

encoder = dict(_base_.encoder, type='AssociativeEmbeddingGrouping')

backbone = _base_.model.backbone
backbone.extra.stage4.multiscale_output = False  # only the finest map is used
model = dict(
    _delete_=True,
    type='BottomupPoseEstimator',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone=backbone,
    head=dict(
        type='HigherHRNetHead',
        in_channels=16,
        num_keypoints=17,
        num_deconv_filters=16,
        num_blocks=2,  # half of the blocks, as in each branch of the backbone
        decoder=encoder,
    ),
    test_cfg=dict(flip_test=True),
)

pack_targets = dict(type='GenerateTarget', encoder=encoder)
train_pipeline = [_base_.load_image, _base_.one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
