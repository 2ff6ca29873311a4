"""A training step of small models: MMPose's DEKR, the same network with our head, and three levels of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from benchmarks.timing import Timing, time_in_turns
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

SIZE, BATCH, PEOPLE = 256, 8, 5
CHANNELS = (16, 32, 64, 128)
FILTERS = 5


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return the timings of one training step.

    Args:
        device: where to train.
        repeats: counted rounds; a third of them here, a step is long.
    """
    init_default_scope('mmpose')
    contestants = {
        "mmpose's DEKR, one level": _step(_dekr(), 1, device),
        'DualCenterHead, adaptive blocks, one level': _step(_ours(('adaptive', 'adaptive')), 1, device),
        'DualCenterHead, plain blocks, one level': _step(_ours(('plain', 'plain')), 1, device),
        'DualCenterHead, plain blocks, three levels': _step(
            dict(_ours(('plain', 'plain')), type='MultiScaleTrainingWrapper'), 2, device
        ),
    }
    title = f'batch {BATCH} at {SIZE} px, HRNet of width 16 with one module a stage, {FILTERS} filters a keypoint'
    return {title: time_in_turns(contestants, max(repeats // 3, 1))}


def _backbone() -> dict[str, Any]:
    stages: dict[str, Any] = {
        f'stage{i}': dict(num_modules=1, num_branches=i, block='BASIC', num_blocks=(2,) * i, num_channels=CHANNELS[:i])
        for i in (2, 3, 4)
    }
    stages['stage1'] = dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(32,))
    stages['stage4']['multiscale_output'] = True
    return dict(type='HRNet', in_channels=3, extra=stages)


def _estimator(head: dict[str, Any], **options: Any) -> dict[str, Any]:
    preprocessor = dict(type='PoseDataPreprocessor', mean=[127.0] * 3, std=[64.0] * 3, bgr_to_rgb=True)
    return dict(
        type='BottomupPoseEstimator', data_preprocessor=preprocessor, backbone=_backbone(), head=head, **options
    )


def _sizes() -> dict[str, Any]:
    return dict(input_size=(SIZE, SIZE), heatmap_size=(SIZE // 4, SIZE // 4))


def _dekr() -> dict[str, Any]:
    head = dict(
        type='DEKRHead',
        in_channels=sum(CHANNELS),
        num_keypoints=17,
        num_displacement_filters_per_keypoint=FILTERS,
        decoder=dict(type='SPR', sigma=(4, 2), generate_keypoint_heatmaps=True, **_sizes()),
    )
    return _estimator(head, neck=dict(type='FeatureMapProcessor', concat=True))


def _ours(blocks: tuple[str, ...]) -> dict[str, Any]:
    head = dict(
        type='DualCenterHead',
        in_channels=CHANNELS,
        num_keypoints=17,
        num_displacement_filters_per_keypoint=FILTERS,
        blocks=blocks,
        decoder=dict(type='DualCenterPoseGrouping', **_sizes()),
    )
    return _estimator(head)


def _step(config: dict[str, Any], scale: int, device: str) -> Any:
    """Return a function that runs one training step on images of ``scale`` times the size."""
    torch.manual_seed(0)
    model = MODELS.build(config).to(device).train()
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-3))
    rng = np.random.default_rng(0)
    samples = [_sample(model.head.decoder, rng, scale) for _ in range(BATCH)]
    images = [torch.randint(0, 256, (3, SIZE * scale, SIZE * scale), dtype=torch.uint8) for _ in range(BATCH)]
    return lambda: model.train_step(dict(inputs=list(images), data_samples=samples), optimizer)


def _sample(codec: Any, rng: np.random.Generator, scale: int) -> PoseDataSample:
    middle = rng.uniform(20, SIZE - 20, (PEOPLE, 1, 2))
    keypoints = (middle + rng.uniform(5, 30, (PEOPLE, 1, 1)) * rng.normal(size=(PEOPLE, 17, 2))) * scale
    options = dict(input_size=(SIZE * scale,) * 2) if 'input_size' in codec.auxiliary_encode_keys else {}
    encoded = codec.encode(keypoints.astype(np.float32), np.ones((PEOPLE, 17), np.float32), **options)
    sample = PoseDataSample()
    labels, fields = InstanceData(), PixelData()
    for key, name in codec.label_mapping_table.items():
        labels.set_field(encoded[key], name)
    for key, name in codec.field_mapping_table.items():
        fields.set_field(encoded[key], name)
    sample.gt_instance_labels, sample.gt_fields = labels.to_tensor(), fields.to_tensor()
    return sample
