"""What a model costs at test, counted by ``torch.utils.flop_counter`` while the model runs on shapes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.ops import DeformConv2d
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

POSE_NETS = 'head.pose_nets.nets.'
OUTSIDE = {
    'auxiliary heads': 'exist in training only',
    'rescoring network': "DEKR's figures are published without it",
}
"""Parts that do not belong to the total, and why."""
WEIGHTED = (torch.ops.aten.convolution, torch.ops.aten.addmm, torch.ops.aten.mm)
"""Operators that multiply by weights. Batches of products (``bmm``) bend taps and compare embeddings."""
SIZE_DIVISOR = 32


class Part(NamedTuple):
    """Counts of one part of a model."""

    name: str
    parameters: int
    multiply_adds: int


class Complexity(NamedTuple):
    """Counts of a model.

    Attributes:
        parts: in the order of the computation.
        outside: parts that are not in the total.
        layer_operations: of the layers, two per multiply-add.
        other_operations: beside them: products of matrices that are no weights.
    """

    parts: list[Part]
    outside: list[Part]
    layer_operations: int
    other_operations: int

    @property
    def total(self) -> Part:
        """The sum of the parts."""
        return Part('total', *(sum(column) for column in zip(*(part[1:] for part in self.parts))))


class _TestRun(nn.Module):
    """A model at test as one module, so that the counter knows every layer by its place in it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> None:
        """Run the model as far as tensors go: to the instances, where the head groups them on the device."""
        feats = self.model.extract_feat(images)
        head = self.model.head
        maps = head(feats)
        if getattr(head, 'pose_nets', None) is not None:
            head.instances_from_maps(feats, maps)


def part_of(name: str) -> str:
    """Return the part of the model that a module or parameter belongs to, given its dotted name."""
    if name.startswith(POSE_NETS):
        return name[len(POSE_NETS) :].split('.')[0] + ' network'
    if name.startswith('head.rescore_net'):
        return 'rescoring network'
    first = name.split('.')[0]
    return {'head': 'dense head', 'auxiliary_heads': 'auxiliary heads'}.get(first, first)


def count_complexity(config: Mapping[str, Any], size: tuple[int, int]) -> Complexity:
    """Return what a model costs at test, for one image.

    Args:
        config: of a bottom-up pose estimator.
        size: (w, h) of the image, px.

    Raises:
        ValueError: for a size that is no multiple of 32, or a torch whose counter does not tell layers apart.
    """
    if any(side < 1 or side % SIZE_DIVISOR for side in size):
        raise ValueError(f'the size must be multiples of {SIZE_DIVISOR} px, got {size[0]}x{size[1]}')
    with FakeTensorMode(), torch.no_grad():
        model = MODELS.build(config).eval()
        for module in model.modules():
            if isinstance(module, DeformConv2d):
                _use_plain_convolution(module)
        with FlopCounterMode(display=False) as counter:
            _TestRun(model)(torch.zeros(1, 3, size[1], size[0]))
    counts = counter.get_flop_counts()
    if _TestRun.__name__ not in counts:
        raise ValueError(f'counting by layers needs torch 2.4 or later, found {torch.__version__}')
    parameters: Counter[str] = Counter()
    operations: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        parameters[part_of(name)] += parameter.numel()
    for name, module in model.named_modules():
        if 'weight' in dict(module.named_parameters(recurse=False)):
            own = counts.get(f'{_TestRun.__name__}.model.{name}', {})
            operations[part_of(name)] += sum(own.get(operator, 0) for operator in WEIGHTED)
    parts = [Part(name, count, operations[name] // 2) for name, count in parameters.items()]
    in_layers = sum(operations.values())
    return Complexity(
        parts=[part for part in parts if part.name not in OUTSIDE],
        outside=[part for part in parts if part.name in OUTSIDE],
        layer_operations=in_layers,
        other_operations=counter.get_total_flops() - in_layers,
    )


def _use_plain_convolution(layer: Any) -> None:
    """Replace mmcv's compiled operator, which cannot run on shapes alone, by the convolution that it bends."""
    layer.forward = lambda images, _: F.conv2d(
        images, layer.weight, None, layer.stride, layer.padding, layer.dilation, layer.groups
    )
