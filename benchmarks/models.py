"""Models and batches for the benchmarks: random weights, random pictures, the same people for every method."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

PEOPLE = 5
"""Persons in each picture."""


def make_hrnet(width: int, depth: int, modules: tuple[int, int, int], stem_width: int) -> dict[str, Any]:
    """Return the config of an HRNet.

    Args:
        width: channels of the finest branch.
        depth: blocks of each branch.
        modules: of stages 2, 3 and 4.
        stem_width: channels of stage 1.
    """
    channels = tuple(width << i for i in range(4))
    stages: dict[str, Any] = {
        f'stage{i}': dict(
            num_modules=count, num_branches=i, block='BASIC', num_blocks=(depth,) * i, num_channels=channels[:i]
        )
        for i, count in zip((2, 3, 4), modules)
    }
    stages['stage1'] = dict(
        num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(depth // 2 or 1,), num_channels=(stem_width,)
    )
    stages['stage4']['multiscale_output'] = True
    return dict(type='HRNet', in_channels=3, extra=stages)


SMALL = make_hrnet(16, 2, (1, 1, 1), 32)
W32 = dict(make_hrnet(32, 4, (1, 4, 3), 64))
W32['extra']['stage1']['num_blocks'] = (4,)
W48 = dict(make_hrnet(48, 4, (1, 4, 3), 64))
W48['extra']['stage1']['num_blocks'] = (4,)
BACKBONES = {16: SMALL, 32: W32, 48: W48}


def make_model(
    width: int,
    size: int,
    filters: int = 15,
    blocks: tuple[str, str] = ('adaptive', 'adaptive'),
    center: str = 'dual',
    pose_nets: dict[str, Any] | None = None,
    decoding: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Return an estimator with random weights from a fixed seed.

    Args:
        width: 32 or 48 for HRNet-W32 or W48, 16 for the small one of the demo.
        size: nominal side, px.
        filters: displacement filters a keypoint.
        blocks: of ``DualCenterHead``.
        center: ``'dual'`` for ours, ``'dekr'`` for MMPose's DEKR.
        pose_nets: of ``DualCenterHead``.
        decoding: of our codec.
        **options: of the estimator; ``type`` to train on several levels.
    """
    init_default_scope('mmpose')
    torch.manual_seed(0)
    sizes = dict(input_size=(size, size), heatmap_size=(size // 4, size // 4))
    channels = tuple(width << i for i in range(4))
    head: dict[str, Any] = dict(num_keypoints=17, num_displacement_filters_per_keypoint=filters)
    if center == 'dekr':
        spr = dict(type='SPR', sigma=(4, 2), generate_keypoint_heatmaps=True, **sizes)
        rescore = dict(in_channels=74, norm_indexes=(5, 6))
        head.update(type='DEKRHead', in_channels=sum(channels), decoder=spr, rescore_cfg=rescore)
        options['neck'] = dict(type='FeatureMapProcessor', concat=True)
    else:
        codec = dict(type='DualCenterPoseGrouping', decoding=decoding or {}, **sizes)
        head.update(type='DualCenterHead', in_channels=channels, blocks=blocks, decoder=codec, pose_nets=pose_nets)
    config = dict(
        type='BottomupPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor', mean=[127.0] * 3, std=[64.0] * 3, bgr_to_rgb=True),
        backbone=BACKBONES[width],
        head=head,
    )
    return MODELS.build({**config, **options})


def make_batch(codec: Any, num_images: int, size: int, scale: int = 1) -> dict[str, Any]:
    """Return a training batch.

    Args:
        codec: of the model's head.
        num_images: in the batch.
        size: nominal side, px.
        scale: side of the pictures over the nominal one.
    """
    rng = np.random.default_rng(0)
    side = size * scale
    samples = [_make_sample(codec, rng, side) for _ in range(num_images)]
    images = [torch.randint(0, 256, (3, side, side), dtype=torch.uint8) for _ in range(num_images)]
    return dict(inputs=images, data_samples=samples)


def _make_sample(codec: Any, rng: np.random.Generator, side: int) -> PoseDataSample:
    middle = rng.uniform(0.1, 0.9, (PEOPLE, 1, 2))
    keypoints = (middle + rng.uniform(0.02, 0.12, (PEOPLE, 1, 1)) * rng.normal(size=(PEOPLE, 17, 2))) * side
    options = dict(input_size=(side, side)) if 'input_size' in codec.auxiliary_encode_keys else {}
    return pack_sample(codec, keypoints.astype(np.float32), np.ones((PEOPLE, 17), np.float32), **options)


def pack_sample(codec: Any, keypoints: np.ndarray, visible: np.ndarray, **options: Any) -> PoseDataSample:
    """Return the data sample of one image, as MMPose's packer makes it from a codec's output."""
    encoded = codec.encode(keypoints, visible, **options)
    sample = PoseDataSample()
    labels, fields = InstanceData(), PixelData()
    for key, name in codec.label_mapping_table.items():
        labels.set_field(encoded[key], name)
    for key, name in codec.field_mapping_table.items():
        fields.set_field(encoded[key], name)
    instances = InstanceData()
    for key, name in codec.instance_mapping_table.items():
        instances.set_field(encoded[key], name)
    sample.gt_instances = instances
    sample.gt_instance_labels, sample.gt_fields = labels.to_tensor(), fields.to_tensor()
    return sample
