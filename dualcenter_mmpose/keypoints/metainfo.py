"""Keypoint layout from MMPose's data set metainfo (the one place where codecs meet MMPose's meta files)."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping
from typing import Any

import mmpose
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from dualcenter_mmpose.keypoints.layout import KeypointLayout

COCO_METAINFO = dict(from_file='configs/_base_/datasets/coco.py')


def load_keypoint_layout(metainfo: Mapping[str, Any]) -> KeypointLayout:
    """Return the keypoint layout that a data set's metainfo describes.

    Args:
        metainfo: as for MMPose's data sets: ``dict(from_file='configs/_base_/datasets/coco.py')``, or the description
            itself. An optional key ``center_keypoints`` maps center group names to keypoint names.

    Raises:
        FileNotFoundError: if ``from_file`` is neither a file nor the name of one that MMPose ships.
        ValueError: if the description is incomplete.
    """
    description = _read_description(metainfo)
    try:
        parsed = parse_pose_metainfo(description)
    except (AssertionError, KeyError) as error:
        raise ValueError(
            'metainfo needs dataset_name, keypoint_info, skeleton_info, joint_weights and sigmas, '
            f'and every swap must name a keypoint; got {sorted(description)} ({error!r})'
        ) from error
    num_keypoints = parsed['num_keypoints']
    if len(parsed['sigmas']) != num_keypoints:
        raise ValueError(
            f"metainfo '{parsed['dataset_name']}' has {num_keypoints} keypoints but {len(parsed['sigmas'])} sigmas"
        )
    return KeypointLayout(
        name=parsed['dataset_name'],
        keypoint_names=tuple(parsed['keypoint_id2name'][i] for i in range(num_keypoints)),
        flip_indices=tuple(parsed['flip_indices']),
        oks_sigmas=tuple(float(sigma) for sigma in parsed['sigmas']),
        center_keypoints=dict(description.get('center_keypoints', {})),
    )


def _read_description(metainfo: Mapping[str, Any]) -> dict[str, Any]:
    if 'from_file' not in metainfo:
        return dict(metainfo)
    path = metainfo['from_file']
    shipped = osp.join(osp.dirname(mmpose.__file__), '.mim', 'configs', '_base_', 'datasets', osp.basename(path))
    for candidate in (path, shipped):
        if osp.isfile(candidate):
            return dict(Config.fromfile(candidate).dataset_info)
    raise FileNotFoundError(f"metainfo file '{path}' does not exist, and MMPose ships none of that name")
