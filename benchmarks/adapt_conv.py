"""The adaptive convolution: ours by ``grid_sample``, and the custom operators of torchvision and mmcv.

Shapes are those of training HRNet-W32 (17 keypoints of 15 filters). Every method starts from the same matrices and
bends the taps itself.
"""

from __future__ import annotations

from typing import Any, Callable

import torch
from mmcv.ops import DeformConv2d

from benchmarks.roofline import roofline_rows
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns
from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d, bend, tap_offsets

KEYPOINTS, FILTERS = 17, 15
SHAPES = {'cpu': ((2, 64), (1, 128)), 'cuda': ((10, 128), (1, 128))}
"""Images and cells a side; 64 cells are S = 256 px, 128 are 512 px."""


class MMCVAdaptiveConv(DeformConv2d):
    """mmcv's operator, fed as MMPose's ``AdaptiveActivationBlock`` feeds it."""

    def __init__(self) -> None:
        channels = KEYPOINTS * FILTERS
        super().__init__(channels, channels, 3, padding=1, groups=KEYPOINTS, deform_groups=KEYPOINTS, bias=False)
        self.register_buffer('taps', tap_offsets())

    def forward(self, features: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
        """Return the convolved map."""
        return super().forward(features, bend(matrices, self.taps).flatten(1, 3).contiguous())


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return milliseconds forward, and forward and backward together.

    Args:
        device: where to convolve.
        repeats: counted rounds; a third of them, as mmcv's operator takes seconds on a CPU.
    """
    tables = {}
    for batch, cells in SHAPES[device.split(':')[0]]:
        layers = make_layers(device)
        shape = f'{batch} x {KEYPOINTS * FILTERS} channels x {cells} x {cells} cells'
        for title, backward in (('forward', False), ('forward and backward', True)):
            methods = {name: _pass(layer, batch, cells, device, backward) for name, layer in layers.items()}
            timings = time_in_turns(methods, max(repeats // 3, 1))
            timings += roofline_rows(list(methods.values())[-1], device, timings)
            tables[f'{title}, {shape} (roofline: grid_sample)'] = timings
    return tables


def make_layers(device: str) -> dict[str, Any]:
    """Return the three methods with the same weights."""
    channels = KEYPOINTS * FILTERS
    ours = AdaptiveConv2d(channels, channels, KEYPOINTS)
    layers: dict[str, Any] = {
        "mmcv's DeformConv2d": MMCVAdaptiveConv(),
        "torchvision's deform_conv2d (blocks='deformable')": AdaptiveConv2d(
            channels, channels, KEYPOINTS, 'deform_conv2d'
        ),
        "grid_sample (blocks='adaptive')": ours,
    }
    for layer in layers.values():
        layer.weight.data.copy_(ours.weight.data)
    return {name: layer.to(device) for name, layer in layers.items()}


def _pass(layer: Any, batch: int, cells: int, device: str, backward: bool) -> Callable[[], Any]:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(batch, KEYPOINTS * FILTERS, cells, cells, generator=generator).to(device)
    matrices = 0.1 * torch.randn(batch, KEYPOINTS * 6, cells, cells, generator=generator).to(device)

    def forward() -> torch.Tensor:
        with torch.no_grad():
            return layer(features, matrices)

    def forward_and_backward() -> None:
        layer.zero_grad()
        layer(features.detach().requires_grad_(), matrices.detach().requires_grad_()).sum().backward()

    return forward_and_backward if backward else forward
