"""What every head of the package says of its predictions: which ``test_cfg`` it takes, and MMPose's containers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.structures import InstanceData

from dualcenter_mmpose.geometry import tight_boxes
from dualcenter_mmpose.types import PredictedInstances

TEST_OPTIONS = ('flip_test', 'output_heatmaps', 'multiscale_test')
DEKR_TEST_OPTIONS = ('shift_heatmap', 'align_corners', 'nms_dist_thr', 'nms_joints_thr', 'max_num_people')
"""Options of DEKR's ``test_cfg``, accepted so that its configs can be inherited; here the codec decides them."""


def check_test_options(test_cfg: Mapping[str, Any]) -> None:
    """Check a ``test_cfg``; warn once of options of DEKR that have no effect here.

    Raises:
        KeyError: for an unknown option.
        NotImplementedError: for ``multiscale_test``, which MMPose 1.x cannot feed.
    """
    unknown = sorted(set(test_cfg) - set(TEST_OPTIONS) - set(DEKR_TEST_OPTIONS))
    if unknown:
        raise KeyError(f'test_cfg has unknown options {unknown}; DualCenterHead knows {list(TEST_OPTIONS)}')
    ignored = sorted(set(test_cfg) & set(DEKR_TEST_OPTIONS))
    if ignored:
        # The same text from the same line: Python shows it once a process.
        warnings.warn(
            f'test_cfg has options of DEKR that DualCenterHead does not read: {ignored}. The codec decides them: '
            'align, and decoding.group_thr and decoding.max_people',
            UserWarning,
            stacklevel=2,
        )
    if test_cfg.get('multiscale_test', False):
        raise NotImplementedError('multiscale_test: MMPose 1.x stacks image pyramids wrongly; test at one scale')


def pack_instances(people: PredictedInstances) -> list[InstanceData]:
    """Return one ``InstanceData`` of numpy arrays per image, after a single copy to the host.

    Args:
        people: keypoints in input px.
    """
    columns = (
        people.keypoints.flatten(2),
        people.keypoint_scores,
        tight_boxes(people.keypoints),
        people.scores[..., None],
        people.valid[..., None].to(people.scores.dtype),
    )
    table = torch.cat(columns, dim=-1).cpu().numpy()
    num_keypoints = people.keypoints.shape[2]
    instances = []
    for rows in table:
        rows = rows[rows[:, -1] > 0]
        instances.append(
            InstanceData(
                keypoints=rows[:, : 2 * num_keypoints].reshape(-1, num_keypoints, 2),
                keypoint_scores=rows[:, 2 * num_keypoints : 3 * num_keypoints],
                bboxes=rows[:, -6:-2],
                bbox_scores=rows[:, -2],
            )
        )
    return instances
