# Dual anatomical centers with multi-scale training, HRNet-W32 at 512: the dense network (stage 1 of the method).
# Schedule, augmentation and trunk are DEKR's, so that a comparison with MMPose's DEKR shows the centers and the scales.
_base_ = ['mmpose::_base_/default_runtime.py']

custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)

# runtime
train_cfg = dict(max_epochs=140, val_interval=10)
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
# One backward per scale, under DistributedDataParallel too: memory peaks at the largest scale alone.
model_wrapper_cfg = dict(type='MultiScaleDistributedDataParallel')

# optimizer and schedule
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),  # warm-up
    dict(type='MultiStepLR', begin=0, end=140, milestones=[90, 120], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=80)

# Training sees every image at 2S, S and S/2; the loader warps it once, at the largest of them.
scales = (2.0, 1.0, 0.5)
train_input_size = (1024, 1024)  # max(scales) * input_size of the codec

codec = dict(
    type='DualCenterPoseGrouping',
    input_size=(512, 512),
    heatmap_size=(128, 128),
    metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
    centers=[
        dict(name='head_center', rule='mean', sigma=2),  # of nose, eyes, ears; as compact as a keypoint
        dict(name='body_center', rule='pair_mid', sigma=4),  # between mid-shoulders and mid-hips
    ],
)

model = dict(
    type='MultiScaleTrainingWrapper',
    scales=scales,
    data_preprocessor=dict(
        type='PoseDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type='HRNet',
        in_channels=3,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(4,), num_channels=(64,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(4, 4), num_channels=(32, 64)),
            stage3=dict(num_modules=4, num_branches=3, block='BASIC', num_blocks=(4, 4, 4), num_channels=(32, 64, 128)),
            stage4=dict(
                num_modules=3,
                num_branches=4,
                block='BASIC',
                num_blocks=(4, 4, 4, 4),
                num_channels=(32, 64, 128, 256),
                multiscale_output=True,
            ),
        ),
        init_cfg=dict(
            type='Pretrained', checkpoint='https://download.openmmlab.com/mmpose/pretrain_models/hrnet_w32-36af842e.pth'
        ),
    ),
    # No neck: the head joins the backbone's four maps itself.
    head=dict(type='DualCenterHead', in_channels=(32, 64, 128, 256), num_keypoints=17, decoder=codec),
    test_cfg=dict(flip_test=True),
)

# data
dataset_type = 'CheckedCocoDataset'
data_mode = 'bottomup'
data_root = '{{$DUALCENTER_COCO:data/coco}}'  # the folder that holds annotations/, train2017/ and val2017/
ann_file = 'annotations/person_keypoints_val2017.json'

train_meta_keys = ('id', 'img_id', 'img_path', 'input_size', 'flip', 'flip_direction')
test_meta_keys = (
    'id',
    'img_id',
    'img_path',
    'crowd_index',
    'ori_shape',
    'img_shape',
    'input_size',
    'input_center',
    'input_scale',
    'flip',
    'flip_direction',
    'flip_indices',
    'raw_ann_info',
    'skeleton_links',
)

# The affine and the packing are MMPose's, with the same results in less time.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='EmptySafeBottomupRandomAffine', input_size=train_input_size),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='FastPackPoseInputs', meta_keys=train_meta_keys),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='BottomupResize', input_size=codec['input_size'], size_factor=32, resize_mode='expand'),
    dict(type='PackPoseInputs', meta_keys=test_meta_keys),
]

train_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='stack_collate'),  # one block of shared memory a batch
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),  # round_up=True would lose results
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file=ann_file,
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    # The instance score is in bbox_scores; score_mode='keypoint' would ignore it.
    dict(type='CocoMetric', ann_file=f'{data_root}/{ann_file}', score_mode='bbox', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{ann_file}', area_source='both'),
]
test_evaluator = val_evaluator
