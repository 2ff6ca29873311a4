_base_ = ['./higherhrnet_hrnet-w32_8xb24-300e_coco-512x512.py']

sizes = dict(input_size=(640, 640), heatmap_size=(160, 160))
encoder = dict(_base_.encoder, **sizes)

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
    head=dict(in_channels=48, num_deconv_filters=48, decoder=sizes),
)

one_scale_affine = dict(_base_.one_scale_affine, input_size=encoder['input_size'])
pack_targets = dict(type='GenerateTarget', encoder=encoder)
resize = dict(_base_.resize, input_size=encoder['input_size'])
train_pipeline = [_base_.load_image, one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]
val_pipeline = [_base_.load_image, resize, _base_.pack_test]

auto_scale_lr = dict(base_batch_size=128)
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
