"""What a training step holds for its backward: the 2S level alone, level by level, and all levels at once."""

from __future__ import annotations

import gc
from typing import Any, Callable, ClassVar

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from benchmarks.models import make_batch, make_model
from benchmarks.timing import Timing

SIZE = 256
"""Nominal side, px. Bytes grow with the area, so the ratios hold at other sizes."""


class _Held:
    """A tensor that autograd keeps; reports when it is dropped. Storages shared by several tensors count once."""

    live: ClassVar[dict[int, list[int]]] = {}  # storage address -> [bytes, holders]
    now = peak = 0

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor
        self.address = tensor.untyped_storage().data_ptr()
        entry = _Held.live.setdefault(self.address, [tensor.untyped_storage().nbytes(), 0])
        if entry[1] == 0:
            _Held.now += entry[0]
            _Held.peak = max(_Held.peak, _Held.now)
        entry[1] += 1

    def __del__(self) -> None:
        entry = _Held.live[self.address]
        entry[1] -= 1
        if entry[1] == 0:
            _Held.now -= entry[0]
            del _Held.live[self.address]


def peak_held_bytes(run: Callable[[], Any], model: nn.Module) -> int:
    """Return the most bytes that autograd held at one time while ``run`` ran, the model's own weights left out."""
    gc.collect()
    _Held.live, _Held.now, _Held.peak = {}, 0, 0
    own = {value.untyped_storage().data_ptr() for value in (*model.parameters(), *model.buffers())}

    def pack(tensor: torch.Tensor) -> Any:
        return tensor if tensor.untyped_storage().data_ptr() in own else _Held(tensor)

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor if isinstance(kept, _Held) else kept):
        run()
    return _Held.peak


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return mebibytes in place of milliseconds; ``repeats`` is not used, the numbers do not vary."""
    peaks = {}
    for name, levels, sequential in (
        ('nominal level alone', (1.0,), False),
        ('2S level alone', (2.0,), False),
        ('2S, S, S/2 with sequential=True', (2.0, 1.0, 0.5), True),
        ('2S, S, S/2 with sequential=False', (2.0, 1.0, 0.5), False),
    ):
        peaks[name] = _peak_of(levels, sequential, device) / 2**20
    reference = peaks['2S level alone']
    rows = [Timing(name, peak, peak, peak, 1, reference / peak) for name, peak in peaks.items()]
    return {f'MiB held for backward, one image, HRNet-W32 at {SIZE} px, fp32 (last column: 2S level / this)': rows}


def _peak_of(scales: tuple[float, ...], sequential: bool, device: str) -> int:
    model = make_model(type='MultiScaleTrainingWrapper', sequential=sequential, width=32, size=SIZE).to(device).train()
    wanted = [level for level in model.levels if level.scale in scales]
    model._drawn = wanted
    model.draw_levels = lambda: wanted
    batch = make_batch(model.head.decoder, num_images=1, size=SIZE, scale=2)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.0))
    return peak_held_bytes(lambda: model.train_step(batch, optimizer), model)
