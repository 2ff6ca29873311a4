"""The small synthetic model as a new-style config: classes instead of names, `read_base()` instead of `_base_`."""

from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.hooks import SyncBuffersHook
from mmengine.optim import CosineAnnealingLR, LinearLR
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from mmpose.datasets.transforms import (
    BottomupResize,
    GenerateTarget,
    LoadImage,
    PackPoseInputs,
    RandomFlip,
)
from mmpose.evaluation import CocoMetric
from mmpose.models import HRNet, PoseDataPreprocessor
from torch.optim import Adam

from dualcenter_mmpose.codecs import DualCenterPoseGrouping
from dualcenter_mmpose.datasets import (
    CheckedCocoDataset,
    EmptySafeBottomupRandomAffine,
    FastPackPoseInputs,
    stack_collate,
)
from dualcenter_mmpose.engine import ChannelsLastHook
from dualcenter_mmpose.evaluation import BBPBBRMetric
from dualcenter_mmpose.models import (
    DualCenterHead,
    MultiScaleDistributedDataParallel,
    MultiScaleTrainingWrapper,
    PerCenterSmoothL1Loss,
)

with read_base():
    from .base.runtime import *

data_mode = 'bottomup'
data_root = 'data/synthetic'
ann_file = 'annotations/person_keypoints_val.json'

codec = dict(
    type=DualCenterPoseGrouping,
    input_size=(256, 256),
    heatmap_size=(64, 64),
    centers=[
        dict(name='head_center', rule='mean', sigma=2),
        dict(name='body_center', rule='pair_mid', sigma=4),
    ],
)

channels = (16, 32, 64, 128)
model = dict(
    type=MultiScaleTrainingWrapper,
    scales=(2.0, 1.0, 0.5),
    scales_per_step=1,
    scale_probabilities=(1, 2, 1),
    crop_largest=True,
    data_preprocessor=dict(
        type=PoseDataPreprocessor, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type=HRNet,
        in_channels=3,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(32,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(2, 2), num_channels=channels[:2]),
            stage3=dict(num_modules=1, num_branches=3, block='BASIC', num_blocks=(2, 2, 2), num_channels=channels[:3]),
            stage4=dict(
                num_modules=1,
                num_branches=4,
                block='BASIC',
                num_blocks=(2, 2, 2, 2),
                num_channels=channels,
                multiscale_output=True,
            ),
        ),
    ),
    head=dict(
        type=DualCenterHead,
        in_channels=channels,
        num_keypoints=17,
        num_displacement_filters_per_keypoint=5,
        blocks=('plain', 'plain'),
        displacement_loss=dict(type=PerCenterSmoothL1Loss, loss_weight=0.02),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=True),
)
model_wrapper_cfg = dict(type=MultiScaleDistributedDataParallel)

train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=6, val_interval=3)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
optim_wrapper = dict(
    optimizer=dict(type=Adam, lr=1e-3),
    paramwise_cfg=dict(custom_keys={'displacement_branch.finals': dict(lr_mult=30)}),
)
custom_hooks = [dict(type=SyncBuffersHook), dict(type=ChannelsLastHook)]
param_scheduler = [
    dict(type=LinearLR, begin=0, end=200, start_factor=0.001, by_epoch=False),
    dict(type=CosineAnnealingLR, begin=0, end=6, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type=stack_collate),
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(
        type=CheckedCocoDataset,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_train.json',
        data_prefix=dict(img='images/'),
        pipeline=[
            dict(type=LoadImage),
            dict(type=EmptySafeBottomupRandomAffine, input_size=(512, 512), rotate_factor=0.0, scale_factor=(0.9, 1.2)),
            dict(type=RandomFlip, direction='horizontal'),
            dict(type=GenerateTarget, encoder=codec),
            dict(
                type=FastPackPoseInputs,
                meta_keys=('id', 'img_id', 'img_path', 'input_size', 'flip', 'flip_direction'),
            ),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type=DefaultSampler, shuffle=False, round_up=False),
    dataset=dict(
        type=CheckedCocoDataset,
        data_root=data_root,
        data_mode=data_mode,
        ann_file=ann_file,
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=[
            dict(type=LoadImage),
            dict(type=BottomupResize, input_size=(256, 256), size_factor=32, resize_mode='expand'),
            dict(
                type=PackPoseInputs,
                meta_keys=(
                    'id',
                    'img_id',
                    'img_path',
                    'ori_shape',
                    'img_shape',
                    'input_size',
                    'input_center',
                    'input_scale',
                    'flip_indices',
                    'raw_ann_info',
                    'skeleton_links',
                ),
            ),
        ],
    ),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type=CocoMetric, ann_file=f'{data_root}/{ann_file}', score_mode='bbox', nms_mode='none'),
    dict(type=BBPBBRMetric, ann_file=f'{data_root}/{ann_file}', area_source='both'),
]
test_evaluator = val_evaluator
