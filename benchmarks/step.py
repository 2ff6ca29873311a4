"""A training step: MMPose's DEKR against ours, three levels against one, and, on a GPU, the fast settings."""

from __future__ import annotations

from typing import Any, Callable

import torch
from mmengine.optim import OptimWrapper

from benchmarks.models import make_batch, make_model
from benchmarks.roofline import roofline_rows
from dualcenter_mmpose.engine.compile_backbone_hook import compile_for_training
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns

PLAIN = ('plain', 'plain')
LEVELS_COST = 5.04
"""Multiply-adds of three levels over those of one (HRNet-W32; area 4 + 1 + 1/4, and heads on the nominal grid)."""

SMALL_SIZE, SMALL_BATCH, SMALL_FILTERS = 256, 8, 5
LEVELS_SIZE = {'cpu': (256, 1), 'cuda': (512, 4)}
"""Nominal px and images a step for three levels; the ratio holds at other sizes."""

GPU_SIZE, GPU_BATCH = 512, 10


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return the timings of training steps.

    Args:
        device: where to train.
        repeats: counted rounds; a third of them here, a step is long.
    """
    rounds = max(repeats // 3, 1)
    tables = {**_against_dekr(device, rounds), **_levels(device, rounds)}
    return {**tables, **_fast_settings(device, rounds)} if device.startswith('cuda') else tables


def _against_dekr(device: str, rounds: int) -> dict[str, list[Timing]]:
    small: dict[str, Any] = dict(width=16, size=SMALL_SIZE, filters=SMALL_FILTERS, batch=SMALL_BATCH)
    methods = {
        "mmpose's DEKR, one level": make_step(device, **small, center='dekr'),
        'DualCenterHead, adaptive blocks, one level': make_step(device, **small),
        'DualCenterHead, plain blocks, one level': make_step(device, **small, blocks=PLAIN),
        'the same, channels last': make_step(device, **small, channels_last=True, blocks=PLAIN),
    }
    title = f'batch {SMALL_BATCH} at {SMALL_SIZE} px, HRNet of width 16 with one module a stage'
    return {f'{title}, {SMALL_FILTERS} filters a keypoint': time_in_turns(methods, rounds)}


def _levels(device: str, rounds: int) -> dict[str, list[Timing]]:
    """Return a step of three levels beside the time that one level's would take for as many multiply-adds."""
    size, batch = LEVELS_SIZE[device.split(':')[0]]
    three: dict[str, Any] = dict(width=32, size=size, batch=batch, scale=2, type='MultiScaleTrainingWrapper')
    methods = {
        'one level': make_step(device, width=32, size=size, batch=batch),
        'three levels, one backward each (sequential=True)': make_step(device, **three),
        'three levels, one backward for all': make_step(device, **three, sequential=False),
    }
    one, *others = time_in_turns(methods, rounds)
    expected = one.per(1 / LEVELS_COST).named(f'one level, times {LEVELS_COST} (its multiply-adds)')
    # The first row is the reference: how many times faster than the multiply-adds say.
    rows = [row.relative_to(LEVELS_COST) for row in (expected, one, *others)]
    rows += roofline_rows(list(methods.values())[1], device, rows)
    return {f'HRNet-W32, adaptive blocks, batch {batch} at {size} px (roofline: three levels)': rows}


def _fast_settings(device: str, rounds: int) -> dict[str, list[Timing]]:
    """Return what bfloat16, channels last and a compiled backbone make of a step on a GPU, one after the other."""
    base: dict[str, Any] = dict(width=32, size=GPU_SIZE, batch=GPU_BATCH)
    half = dict(autocast=True)
    methods = {
        "mmpose's DEKR, fp32": make_step(device, **base, center='dekr'),
        'ours, fp32': make_step(device, **base),
        'ours, bf16': make_step(device, **base, **half),
        'ours, bf16, channels last': make_step(device, **base, **half, channels_last=True),
        'ours, bf16, channels last, compiled backbone': make_step(
            device, **base, **half, channels_last=True, compile_backbone=True
        ),
        'the same, deformable blocks': make_step(
            device, **base, **half, channels_last=True, compile_backbone=True, blocks=('deformable', 'deformable')
        ),
    }
    title = f'HRNet-W32, one level, batch {GPU_BATCH} at {GPU_SIZE} px'
    timings = time_in_turns(methods, rounds, warmup=3)
    bounds = roofline_rows(methods['ours, bf16'], device, timings, 'bfloat16')
    return {f'{title} (roofline: ours, bf16)': [*timings, *bounds]}


def make_step(
    device: str,
    width: int,
    size: int,
    batch: int,
    scale: int = 1,
    autocast: bool = False,
    channels_last: bool = False,
    compile_backbone: bool = False,
    **options: Any,
) -> Callable[[], Any]:
    """Return a function that runs one training step.

    Args:
        device: where to train.
        width: of :func:`~benchmarks.models.make_model`.
        size: nominal side, px.
        batch: images a step.
        scale: side of the pictures over the nominal one.
        autocast: compute in bfloat16 where PyTorch deems it safe.
        channels_last: as ChannelsLastHook does.
        compile_backbone: as CompileBackboneHook does.
        **options: of :func:`~benchmarks.models.make_model`.
    """
    model = make_model(width=width, size=size, **options).to(device).train()
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    if compile_backbone:
        compile_for_training(model, dict(dynamic=False))
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-3))
    data = make_batch(model.head.decoder, batch, size, scale)

    def step() -> None:
        with torch.autocast(device.split(':')[0], torch.bfloat16, enabled=autocast):
            model.train_step(dict(data, inputs=list(data['inputs'])), optimizer)

    return step
