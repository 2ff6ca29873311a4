"""What a training step keeps for its backward: the 2S level alone, level by level, and all levels at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch
from mmengine.optim import OptimWrapper

from benchmarks.models import make_batch, make_model
from dualcenter_mmpose.experiments.profiling.peak import peak_kept_bytes
from dualcenter_mmpose.experiments.profiling.timing import Timing

RATIO_SIZE = 256
"""Nominal side for the ratios between levels, px; bytes grow with the area, so they hold at other sizes."""

FULL_SIZES = ((32, 512), (48, 640))
"""Width of HRNet and nominal side, px, of the paper's two models."""

LARGE_IMAGES = ((1024, 1024), (2048, 1536), (2048, 2048))
"""(h, w) px of the pictures of many people."""


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return mebibytes in place of milliseconds; ``repeats`` is not used, the numbers do not vary.

    Args:
        device: where to train; large images are predicted on a CPU.
        repeats: not used.
    """
    title = 'MiB that autograd keeps for one image, HRNet-W32 at {} px, fp32 (last column: 2S level / this)'
    tables = {title.format(RATIO_SIZE): _compare(_LEVELS, 32, RATIO_SIZE, device)}
    for width, size in FULL_SIZES:
        name = f'MiB that autograd keeps for one training image, HRNet-W{width} at {size} px, fp32'
        tables[name] = _compare({key: _LEVELS[key] for key in list(_LEVELS)[:3]}, width, size, device)
    tables['MiB of the whole process on a CPU, HRNet-W32, three networks, 300 people an image'] = [
        measure_process(height, width) for height, width in LARGE_IMAGES
    ]
    return tables


_LEVELS: dict[str, tuple[tuple[float, ...], bool]] = {
    '2S level alone': ((2.0,), False),
    '2S, S, S/2 with sequential=True': ((2.0, 1.0, 0.5), True),
    'nominal level alone': ((1.0,), False),
    '2S, S, S/2 with sequential=False': ((2.0, 1.0, 0.5), False),
}


def _compare(levels: dict[str, tuple[tuple[float, ...], bool]], width: int, size: int, device: str) -> list[Timing]:
    peaks = {name: _peak_of(*which, width, size, device) / 2**20 for name, which in levels.items()}
    reference = next(iter(peaks.values()))
    return [Timing(name, peak, peak, peak, 1, reference / peak) for name, peak in peaks.items()]


def _peak_of(scales: tuple[float, ...], sequential: bool, width: int, size: int, device: str) -> int:
    model = make_model(type='MultiScaleTrainingWrapper', sequential=sequential, width=width, size=size)
    model = model.to(device).train()
    wanted = [scale for scale in model.scales if scale.factor in scales]
    model.draw_scales = lambda: wanted
    batch = make_batch(model.head.decoder, num_images=1, size=size, scale=2)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.0))
    return peak_kept_bytes(lambda: model.train_step(batch, optimizer), model)


def measure_process(height: int, width: int) -> Timing:
    """Return the most memory, MiB, that a process of its own took to predict 300 people in one picture."""
    command = [sys.executable, '-m', 'benchmarks.large_image', str(height), str(width)]
    output = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=Path(__file__).resolve().parent.parent
    ).stdout
    result = json.loads(output.splitlines()[-1])
    name = f'{height} x {width} px, {result["people"]} people found'
    peak = result['peak_mib']
    return Timing(name, peak, peak, peak, 1, 4096 / peak)
