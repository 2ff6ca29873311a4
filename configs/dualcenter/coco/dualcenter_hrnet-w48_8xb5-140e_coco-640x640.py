_base_ = ['./dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

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
    head=dict(in_channels=channels, num_heatmap_filters=48, decoder=sizes),  # 48 as MMPose's DEKR of this width
)

affine = dict(_base_.affine, input_size=(1280, 1280))  # 2S
pack_targets = dict(type='GenerateTarget', encoder=encoder)
resize = dict(_base_.resize, input_size=encoder['input_size'])
train_pipeline = [_base_.load_image, affine, _base_.mirror, pack_targets, _base_.pack_training]
val_pipeline = [_base_.load_image, resize, _base_.pack_test]
one_scale_affine = dict(affine, input_size=encoder['input_size'])
one_scale_pipeline = [_base_.load_image, one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]
one_scale_loader = dict(dataset=dict(pipeline=one_scale_pipeline))

auto_scale_lr = dict(base_batch_size=40)  # 8 GPUs x 5 images
train_dataloader = dict(batch_size=5, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
