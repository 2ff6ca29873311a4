"""Targets: MMPose's SPR codec (one center) against ours (two centers), in the loader and on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmpose.registry import KEYPOINT_CODECS

from benchmarks.models import pack_sample
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns

SIZE = 512
COUNTS = (10, 30, 60)


def make_people(num: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 17, 2) input px and (N, 17) visibilities of persons spread over the image."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(40, SIZE - 40, (num, 1, 2))
    extent = rng.uniform(6, 40, (num, 1, 1))
    keypoints = middle + extent * rng.normal(size=(num, 17, 2))
    return keypoints.astype(np.float32), (rng.random((num, 17)) < 0.8).astype(np.float32)


def make_annotations(visible: np.ndarray) -> list[dict[str, Any]]:
    """Return annotations of the people, one in eight unlabelled with an outline, and a run-length coded crowd."""
    outline = [100.0, 100.0, 140.0, 100.0, 150.0, 180.0, 120.0, 220.0, 95.0, 180.0]
    annotations = []
    for idx, seen in enumerate(visible):
        keypoints = np.zeros(51) if idx % 8 == 0 else np.repeat(seen, 3)
        annotations.append(dict(iscrowd=0, keypoints=keypoints.tolist(), bbox=[1, 1, 9, 9], segmentation=[outline]))
    crowd = dict(size=[SIZE, SIZE], counts=[SIZE * 300, *([20, SIZE - 20] * 60), SIZE * 152])
    return [*annotations, dict(iscrowd=1, keypoints=[0] * 51, bbox=[300, 0, 60, 20], segmentation=crowd)]


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return the timings per number of persons.

    Args:
        device: where the head makes targets.
        repeats: counted rounds.
    """
    sizes = dict(input_size=(SIZE, SIZE), heatmap_size=(SIZE // 4, SIZE // 4))
    spr = KEYPOINT_CODECS.build(
        dict(
            type='SPR',
            sigma=(4, 2),
            minimal_diagonal_length=32**0.5,
            generate_keypoint_heatmaps=True,
            **sizes,
        )
    )
    packed = KEYPOINT_CODECS.build(dict(type='DualCenterPoseGrouping', **sizes))
    dense = KEYPOINT_CODECS.build(dict(type='DualCenterPoseGrouping', dense_targets=True, **sizes))
    return {
        f'{count} persons': _time_count(spr, packed, dense, count, torch.device(device), repeats) for count in COUNTS
    }


def _time_count(spr: Any, packed: Any, dense: Any, count: int, device: torch.device, repeats: int) -> list[Timing]:
    keypoints, visible = make_people(count)
    annotations = make_annotations(visible)
    batch = packed.unpack([pack_sample(packed, keypoints, visible).to(device)])
    threads = torch.get_num_threads()

    def in_a_worker(encode: Any) -> Any:
        """Run with one thread, as a loader's worker does."""

        def run_once() -> None:
            torch.set_num_threads(1)
            encode()
            torch.set_num_threads(threads)

        return run_once

    return time_in_turns(
        {
            'loader: SPR.encode, one center': in_a_worker(lambda: spr.encode(keypoints, visible)),
            'loader: encode(), dense, two centers': in_a_worker(lambda: dense.encode(keypoints, visible)),
            'loader: encode(), packed for the device': in_a_worker(lambda: packed.encode(keypoints, visible)),
            'loader: packed, with masks of outlines and a crowd': in_a_worker(
                lambda: packed.encode(keypoints, visible, raw_ann_info=annotations)
            ),
            f'{device}: targets of one image from packed keypoints': lambda: packed.make_targets(batch),
        },
        repeats,
    )
