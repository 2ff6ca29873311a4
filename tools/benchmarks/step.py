"""A training step of small models: MMPose's DEKR, the same network with our head, and three levels of it."""

from __future__ import annotations

from typing import Any, Callable

import torch
from mmengine.optim import OptimWrapper

from benchmarks.models import make_batch, make_model
from benchmarks.timing import Timing, time_in_turns

SIZE, BATCH, FILTERS = 256, 8, 5


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return the timings of one training step.

    Args:
        device: where to train.
        repeats: counted rounds; a third of them here, a step is long.
    """
    plain: Any = ('plain', 'plain')
    contestants = {
        "mmpose's DEKR, one level": _step(device, center='dekr'),
        'DualCenterHead, adaptive blocks, one level': _step(device),
        'DualCenterHead, plain blocks, one level': _step(device, blocks=plain),
        'the same, channels last': _step(device, channels_last=True, blocks=plain),
        'DualCenterHead, plain blocks, three levels': _step(
            device, scale=2, blocks=plain, type='MultiScaleTrainingWrapper'
        ),
    }
    title = f'batch {BATCH} at {SIZE} px, HRNet of width 16 with one module a stage, {FILTERS} filters a keypoint'
    return {title: time_in_turns(contestants, max(repeats // 3, 1))}


def _step(device: str, scale: int = 1, channels_last: bool = False, **options: Any) -> Callable[[], Any]:
    """Return a function that runs one training step on pictures of ``scale`` times the size."""
    model = make_model(width=16, size=SIZE, filters=FILTERS, **options).to(device).train()
    if channels_last:
        model = model.to(memory_format=torch.channels_last)  # as ChannelsLastHook does
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-3))
    batch = make_batch(model.head.decoder, BATCH, SIZE, scale)
    return lambda: model.train_step(dict(batch, inputs=list(batch['inputs'])), optimizer)
