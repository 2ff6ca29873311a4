"""What several tests need: keypoint sets, people, and data samples as the loader would pack them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import mmpose.models  # noqa: F401  (registers MMPose's own)
import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch.utils._python_dispatch import TorchDispatchMode

import dualcenter_mmpose.models  # noqa: F401
from dualcenter_mmpose.codecs import DualCenterPoseGrouping
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout

COCO = dict(from_file='configs/_base_/datasets/coco.py')
CROWDPOSE = dict(from_file='configs/_base_/datasets/crowdpose.py')
KPT_CENTER = [dict(name='kpt_center', rule='kpt_mean')]

COCO_POSE = np.array(
    [
        [0.0, -7.0],  # nose
        [0.5, -7.5], [-0.5, -7.5],  # left eye, right eye: a person who faces us has its left on our right
        [1.0, -7.2], [-1.0, -7.2],  # ears
        [2.0, -5.0], [-2.0, -5.0],  # shoulders
        [3.0, -2.5], [-3.0, -2.5],  # elbows
        [3.2, 0.0], [-3.2, 0.0],  # wrists
        [1.4, 1.0], [-1.4, 1.0],  # hips
        [1.6, 5.0], [-1.6, 5.0],  # knees
        [1.7, 9.0], [-1.7, 9.0],  # ankles
    ],
    dtype=np.float32,
)  # fmt: skip
"""A standing person, 16.5 units from eyes to ankles, body center near the origin."""


def small_layout(names: tuple[str, ...] = ('nose', 'left_hip', 'right_hip')) -> dict[str, Any]:
    """Return the metainfo of a little keypoint set."""
    info = {
        i: dict(name=name, id=i, swap=_swap(name, names), type='upper', color=[0, 0, 0]) for i, name in enumerate(names)
    }
    return dict(
        dataset_name='little',
        keypoint_info=info,
        skeleton_info={0: dict(link=(names[0], names[-1]), id=0, color=[0, 0, 0])},
        joint_weights=[1.0] * len(names),
        sigmas=[0.05] * len(names),
    )


def _swap(name: str, names: tuple[str, ...]) -> str:
    for side, other in (('left', 'right'), ('right', 'left')):
        if name.startswith(side) and name.replace(side, other) in names:
            return name.replace(side, other)
    return ''


def make_codec(size: int = 128, stride: int = 4, **options: Any) -> DualCenterPoseGrouping:
    """Return a codec for square inputs of ``size`` px."""
    return DualCenterPoseGrouping(input_size=(size, size), heatmap_size=(size // stride, size // stride), **options)


def standing_people(places: list[tuple[float, float, float]]) -> np.ndarray:
    """Return (N, 17, 2) input px of standing people at ``(x, y, unit length in px)``."""
    return np.stack([COCO_POSE * unit + (x, y) for x, y, unit in places]).astype(np.float32)


def random_people(num: int, size: float, seed: int, num_keypoints: int = 17) -> np.ndarray:
    """Return (N, K, 2) input px of people spread over a square, some of them cut by its border."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0, size, (num, 1, 2))
    extent = rng.uniform(size / 20, size / 5, (num, 1, 1))
    return (middle + extent * rng.normal(size=(num, num_keypoints, 2))).astype(np.float32)


def pack_sample(codec: DualCenterPoseGrouping, encoded: dict[str, np.ndarray]) -> PoseDataSample:
    """Return a data sample as MMPose's packer makes it from a codec's output."""
    sample = PoseDataSample()
    labels = InstanceData()
    for key, name in codec.label_mapping_table.items():
        labels.set_field(encoded[key], name)
    sample.gt_instance_labels = labels.to_tensor()
    instances = InstanceData()
    for key, name in codec.instance_mapping_table.items():
        instances.set_field(encoded[key], name)
    sample.gt_instances = instances
    fields = PixelData()
    for key, name in codec.field_mapping_table.items():
        fields.set_field(encoded[key], name)
    sample.gt_fields = fields.to_tensor()
    width, height = codec.input_size
    sample.set_metainfo(
        dict(
            input_size=(width, height),
            input_center=np.array([width / 2, height / 2]),
            input_scale=np.array([width, height], dtype=np.float64),
            img_shape=(height, width),
            ori_shape=(height, width),
            id=1,
            img_id=1,
        )
    )
    return sample


def encode_sample(codec: DualCenterPoseGrouping, keypoints: np.ndarray, **auxiliary: Any) -> PoseDataSample:
    """Return the data sample of one image's people."""
    return pack_sample(codec, codec.encode(keypoints, **auxiliary))


TINY_CHANNELS = (4, 8, 16, 32)


def tiny_hrnet(channels: tuple[int, ...] = TINY_CHANNELS) -> dict[str, Any]:
    """Return the config of an HRNet small enough for unit tests."""
    return dict(
        type='HRNet',
        in_channels=3,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1,), num_channels=(8,)),
            stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=channels[:2]),
            stage3=dict(num_modules=1, num_branches=3, block='BASIC', num_blocks=(1,) * 3, num_channels=channels[:3]),
            stage4=dict(
                num_modules=1,
                num_branches=4,
                block='BASIC',
                num_blocks=(1,) * 4,
                num_channels=channels,
                multiscale_output=True,
            ),
        ),
    )


def codec_config(size: int = 64, **options: Any) -> dict[str, Any]:
    """Return the config of a codec for square inputs."""
    return dict(type='DualCenterPoseGrouping', input_size=(size, size), heatmap_size=(size // 4, size // 4), **options)


def tiny_model(size: int = 64, codec: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Return the config of a whole small model; ``options`` go to the estimator."""
    codec = codec or codec_config(size)
    config = dict(
        type='BottomupPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor', mean=[127.0] * 3, std=[64.0] * 3, bgr_to_rgb=True),
        backbone=tiny_hrnet(),
        head=dict(
            type='DualCenterHead',
            in_channels=TINY_CHANNELS,
            num_keypoints=17,
            num_heatmap_filters=8,
            num_displacement_filters_per_keypoint=2,
            decoder=codec,
        ),
    )
    return {**config, **options}


def tiny_pose_nets(**options: Any) -> dict[str, Any]:
    """Return the configs of three small pose-level networks; ``options`` go beside them."""
    sizes = dict(width=3, hidden=(8,))
    return dict(
        similarity=dict(type='PoseSimilarityNet', embedding=5, **sizes),
        confidence=dict(type='PoseConfidenceNet', **sizes),
        refinement=dict(type='PoseRefinementNet', **sizes),
        **options,
    )


def with_pose_nets(config: dict[str, Any], **head_options: Any) -> dict[str, Any]:
    """Return a :func:`tiny_model` whose head has small pose-level networks; ``head_options`` go to the head."""
    return {**config, 'head': {**config['head'], 'pose_nets': tiny_pose_nets(), **head_options}}


class RefuseToWait(TorchDispatchMode):
    """Refuse operations whose result a GPU must hand to the host before the next one can be queued.

    Reading a number, listing what is not zero, and indexing with a mask (which lists, too). It is seen on any
    device, so a CPU will do to test it.
    """

    WAITS = (
        torch.ops.aten._local_scalar_dense.default,
        torch.ops.aten.nonzero.default,
        torch.ops.aten.masked_select.default,
        torch.ops.aten.equal.default,
        torch.ops.aten.is_nonzero.default,
    )
    INDEXING = (torch.ops.aten.index.Tensor, torch.ops.aten.index_put.default, torch.ops.aten.index_put_.default)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        """Run an operation, unless it would wait."""
        masks = [i for i in args[1] if i is not None and i.dtype == torch.bool] if func in self.INDEXING else []
        if func in self.WAITS or masks:
            raise AssertionError(f'{func} waits for the device')
        return func(*args, **(kwargs or {}))


def tiny_dekr(size: int = 64, **options: Any) -> dict[str, Any]:
    """Return the config of a small stock DEKR whose SPR codec sees training images at ``options['scale'] * size``."""
    scale = options.pop('scale', 1)
    config = dict(
        type='BottomupPoseEstimator',
        data_preprocessor=dict(type='PoseDataPreprocessor', mean=[127.0] * 3, std=[64.0] * 3, bgr_to_rgb=True),
        backbone=tiny_hrnet(),
        neck=dict(type='FeatureMapProcessor', concat=True),
        head=dict(
            type='DEKRHead',
            in_channels=sum(TINY_CHANNELS),
            num_keypoints=17,
            num_heatmap_filters=8,
            num_displacement_filters_per_keypoint=2,
            displacement_loss=dict(
                type='SoftWeightSmoothL1Loss',
                use_target_weight=True,
                supervise_empty=False,
                beta=1 / 9,
                loss_weight=0.002,
            ),
            decoder=dict(
                type='SPR',
                input_size=(scale * size,) * 2,
                heatmap_size=(size // 4,) * 2,
                sigma=(4, 2),
                generate_keypoint_heatmaps=True,
            ),
        ),
    )
    return {**config, **options}


def build_model(config: dict[str, Any]) -> Any:
    """Return the built model with weights from a fixed seed."""
    init_default_scope('mmpose')
    torch.manual_seed(0)
    return MODELS.build(config)


def make_batch(samples: list[PoseDataSample], size: int, seed: int = 0) -> dict[str, Any]:
    """Return a training batch with random images of ``size`` px, as the loader would collate it."""
    generator = torch.Generator().manual_seed(seed)
    images = [torch.randint(0, 256, (3, size, size), generator=generator, dtype=torch.uint8) for _ in samples]
    return dict(inputs=images, data_samples=samples)


def load_layout_names(metainfo: dict[str, Any]) -> list[str]:
    """Return the keypoint names of a data set's metainfo."""
    return list(load_keypoint_layout(metainfo).keypoint_names)


def squeeze(text: str) -> str:
    """Return a text with runs of spaces made one: columns of a table are as wide as what stands in them."""
    return re.sub(' +', ' ', text)
