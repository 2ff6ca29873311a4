# The small twin of MMPose's DEKR: the same backbone, data and schedule as the small dual-center model, one scale.
_base_ = ['../../dualcenter/synthetic/dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py']

spr = dict(
    type='SPR',
    input_size=(256, 256),
    heatmap_size=(64, 64),
    sigma=(4, 2),
    minimal_diagonal_length=32**0.5,
    generate_keypoint_heatmaps=True,
    decode_max_instances=30,
)
codec = dict(_delete_=True, **spr)

model = dict(
    _delete_=True,
    type='BottomupPoseEstimator',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone={{_base_.model.backbone}},
    neck=dict(type='FeatureMapProcessor', concat=True),
    head=dict(
        type='DEKRHead',
        in_channels=16 + 32 + 64 + 128,
        num_keypoints=17,
        num_displacement_filters_per_keypoint=5,
        displacement_loss=dict(
            type='SoftWeightSmoothL1Loss',
            use_target_weight=True,
            supervise_empty=False,
            beta=1 / 9,
            loss_weight=0.02,
        ),
        decoder=spr,
    ),
    test_cfg=dict(multiscale_test=False, flip_test=True, nms_dist_thr=0.05, shift_heatmap=True, align_corners=False),
)
model_wrapper_cfg = None
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(_delete_=True, **{'displacement_conv_layers.3': dict(lr_mult=30)}))
)

custom_hooks = [dict(type='SyncBuffersHook')]  # mmcv's deformable convolution wants channels outermost

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='BottomupRandomAffine', input_size=(256, 256), rotate_factor=0.0, scale_factor=(0.9, 1.2)),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder=spr),
    dict(type='BottomupGetHeatmapMask'),
    dict(type='PackPoseInputs', meta_keys={{_base_.train_meta_keys}}),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

data_root = '{{$DUALCENTER_SYNTHETIC:data/synthetic}}'
ann_file = 'annotations/person_keypoints_val.json'
val_evaluator = [
    dict(type='CocoMetric', ann_file=f'{data_root}/{ann_file}', score_mode='keypoint', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{ann_file}', area_source='both', score_mode='keypoint'),
]
test_evaluator = val_evaluator
