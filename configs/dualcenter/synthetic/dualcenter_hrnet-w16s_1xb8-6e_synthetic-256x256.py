# A model that learns on a CPU, `w16s`: HRNet of width 16, s for short: one module a stage with two blocks a branch
# (HRNet-W32 has up to four modules with four), plain displacement blocks, 256 px.
# Data: dualcenter synthesize data/synthetic --images 8000 --val-images 400 --seed 0
_base_ = ['../coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

train_cfg = dict(max_epochs=6, val_interval=3)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=200, start_factor=0.001, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=6, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]
# The last displacement layer has 30 times the rate because the checkpoint in checkpoints/ was trained so. It is not
# known to help: from the same start, 150 steps with and without it ended alike (error 0.103 and 0.102 of the diagonal).
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'displacement_branch.finals': dict(lr_mult=30)}))
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=2))
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='ChannelsLastHook')]
auto_scale_lr = dict(base_batch_size=8)
env_cfg = dict(dist_cfg=dict(backend='gloo'))  # for CPUs; GPUs want nccl

sizes = dict(input_size=(256, 256), heatmap_size=(64, 64))
encoder = dict(_base_.encoder, **sizes)

channels = (16, 32, 64, 128)
model = dict(
    # For CPUs: one scale a step, drawn anew each time, and of the large scale a crop of nominal size.
    # A step costs no more than without scales; all three at once would cost 5 times as much.
    scales_per_step=1,
    scale_probabilities=(1, 2, 1),
    crop_largest=True,
    backbone=dict(
        extra=dict(
            stage1=dict(num_blocks=(1,), num_channels=(32,)),  # at full width it is most of a small model's cost
            stage2=dict(num_blocks=(2, 2), num_channels=channels[:2]),
            stage3=dict(num_modules=1, num_blocks=(2, 2, 2), num_channels=channels[:3]),
            stage4=dict(num_modules=1, num_blocks=(2, 2, 2, 2), num_channels=channels),
        ),
        init_cfg=None,  # no ImageNet weights exist for this width
    ),
    head=dict(
        in_channels=channels,
        num_displacement_filters_per_keypoint=5,
        blocks=('plain', 'plain'),  # an adaptive block costs about ten times as much on a CPU
        displacement_loss=dict(type='PerCenterSmoothL1Loss', loss_weight=0.02),  # ten times DEKR's, untested alone
        decoder=sizes,
    ),
)

# 2S. The people come in every size and posture already: little is left for augmentation.
affine = dict(_base_.affine, input_size=(512, 512), rotate_factor=0.0, scale_factor=(0.9, 1.2))
pack_targets = dict(type='GenerateTarget', encoder=encoder)
resize = dict(_base_.resize, input_size=encoder['input_size'])
train_pipeline = [_base_.load_image, affine, _base_.mirror, pack_targets, _base_.pack_training]
val_pipeline = [_base_.load_image, resize, _base_.pack_test]
one_scale_affine = dict(affine, input_size=encoder['input_size'])
one_scale_pipeline = [_base_.load_image, one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]
one_scale_loader = dict(dataset=dict(pipeline=one_scale_pipeline))

data_root = '{{$DUALCENTER_SYNTHETIC:data/synthetic}}'
images = dict(img='images/')
ann_file = 'annotations/person_keypoints_val.json'
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/person_keypoints_train.json',
        data_prefix=images,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file=ann_file, data_prefix=images, pipeline=val_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='CocoMetric', ann_file=f'{data_root}/{ann_file}', score_mode='bbox', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{ann_file}', area_source='both'),
]
test_evaluator = val_evaluator
