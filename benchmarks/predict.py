"""Whole prediction: MMPose's DEKR against ours with all networks, one image at a time and in the best batch.

Both run MMPose's ``test_step`` on the same random picture of 512 px with HRNet-W32 and no flip test: normalisation,
backbone, head, decoding, data samples. Random weights find nobody, so the head runs in full and its maps are then
replaced by those of 1 or 30 people, as each codec encodes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import numpy as np
import torch
from mmpose.structures import PoseDataSample

from benchmarks.decode import NETS
from benchmarks.models import make_model, pack_sample
from benchmarks.roofline import roofline_rows
from benchmarks.targets import make_people
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns
from dualcenter_mmpose.types import DenseMaps

SIZE = 512
PEOPLE = (1, 30)
BATCHES = {'cpu': (1, 2, 4), 'cuda': (1, 4, 16, 64)}
DEKR_TEST_CFG = dict(multiscale_test=False, flip_test=False, nms_dist_thr=0.05, shift_heatmap=True, align_corners=False)
"""Of MMPose's DEKR configs, without the flip test."""

SKELETON = (
    *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8)),
    *((7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
)
"""Limbs of COCO's keypoints; DEKR rescores its poses by their lengths."""


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return milliseconds a call for 1 and 30 people, and milliseconds an image by batch size.

    Args:
        device: where to predict.
        repeats: counted rounds; a third of them, as each takes seconds on a CPU.
    """
    rounds = max(repeats // 3, 1)
    models = {
        "mmpose's DEKR": make_model(width=32, size=SIZE, center='dekr', test_cfg=DEKR_TEST_CFG),
        'ours, three networks, 60 candidates': make_model(width=32, size=SIZE, pose_nets=NETS),
        'ours, dense network alone': make_model(width=32, size=SIZE),
    }
    models = {name: model.to(device).eval() for name, model in models.items()}
    tables = {}
    for count in PEOPLE:
        methods = {name: make_prediction(model, count, 1) for name, model in models.items()}
        timings = time_in_turns(methods, rounds)
        full = list(methods.values())[1]
        timings += roofline_rows(full, device, timings)
        tables[f'HRNet-W32, one image of {SIZE} px, {count} people (roofline: ours, three networks)'] = timings
    tables[f'HRNet-W32, {SIZE} px, {PEOPLE[-1]} people, per image'] = _by_batch(models, device, rounds)
    return tables


def _by_batch(models: dict[str, Any], device: str, rounds: int) -> list[Timing]:
    """Return milliseconds an image of DEKR, which takes one image at a time, and of ours by batch size."""
    dekr, ours = list(models)[:2]
    methods = {f'{dekr}, batch 1': make_prediction(models[dekr], PEOPLE[-1], 1)}
    images = [1]
    for batch in BATCHES[device.split(':')[0]]:
        methods[f'{ours}, batch {batch}'] = make_prediction(models[ours], PEOPLE[-1], batch)
        images.append(batch)
    return [timing.per(count) for timing, count in zip(time_in_turns(methods, rounds), images)]


def make_prediction(model: Any, num_people: int, batch: int) -> Callable[[], Sequence[Any]]:
    """Return a function that predicts the people of a batch of equal pictures.

    Args:
        model: an estimator; its head's ``forward`` is replaced by one that does the same work and finds the people.
        num_people: to be found.
        batch: number of pictures.
    """
    device = next(model.parameters()).device
    staged = _staged_maps(model.head.decoder, num_people, batch, device)
    forward = type(model.head).forward
    image = torch.randint(0, 256, (3, SIZE, SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def predict_instances(feats: Any) -> Any:
        forward(model.head, feats)
        return staged

    @torch.no_grad()
    def predict() -> Sequence[Any]:
        model.head.forward = predict_instances
        return model.test_step(dict(inputs=[image] * batch, data_samples=[_sample() for _ in range(batch)]))

    return predict


def _staged_maps(codec: Any, num_people: int, batch: int, device: torch.device) -> Any:
    """Return maps in which a codec finds the people; what the head of that codec gives."""
    keypoints, visible = make_people(num_people)
    encoded = codec.encode(keypoints, np.ones_like(visible))
    if 'heatmaps' in encoded:  # SPR
        maps = [torch.from_numpy(encoded[name])[None] for name in ('heatmaps', 'displacements')]
    else:
        targets = codec.make_targets(codec.unpack([pack_sample(codec, keypoints, np.ones_like(visible))]))
        maps = [targets.heatmaps, targets.displacements]
    maps = [values.float().expand(batch, -1, -1, -1).contiguous().to(device) for values in maps]
    return tuple(maps) if 'heatmaps' in encoded else DenseMaps(*maps)


def _sample() -> PoseDataSample:
    middle = np.full(2, SIZE / 2)
    sides = np.full(2, float(SIZE))
    meta = dict(input_size=(SIZE, SIZE), input_center=middle, input_scale=sides, skeleton_links=SKELETON)
    return PoseDataSample(metainfo=dict(meta, img_shape=(SIZE, SIZE), ori_shape=(SIZE, SIZE)))
