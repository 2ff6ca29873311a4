"""What a model costs at test: its layers report their sizes while it runs on shapes alone."""

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
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.utils.flop_counter import FlopCounterMode

from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d

LAYERS = (_ConvNd, nn.Linear, AdaptiveConv2d, DeformConv2d)
POSE_NETS = 'head.pose_nets.nets.'
OUTSIDE = {
    'auxiliary heads': 'exist in training only',
    'rescoring network': "DEKR's figures are published without it",
}
"""Parts that do not belong to the total, and why."""
LAYER_OPERATORS = ('aten.convolution', 'aten.addmm', 'aten.mm')
"""What layers run; the adaptive convolution also multiplies matrices to bend its taps."""
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
        layer_operations: what ``torch.utils.flop_counter`` found in the layers, two per multiply-add.
        other_operations: what it found beside them: products of matrices that are no weights.
    """

    parts: list[Part]
    outside: list[Part]
    layer_operations: int
    other_operations: int

    @property
    def total(self) -> Part:
        """The sum of the parts."""
        return Part('total', *(sum(column) for column in zip(*(part[1:] for part in self.parts))))

    @property
    def agrees(self) -> bool:
        """Whether the rule and the flop counter agree on the layers."""
        return self.layer_operations == 2 * self.total.multiply_adds


class Tally:
    """What the layers of a model count while it runs.

    Args:
        counter: torch's own counter, which runs at the same time.
    """

    def __init__(self, counter: FlopCounterMode) -> None:
        self.counter = counter
        self.multiply_adds: Counter[str] = Counter()
        self.layer_operations = 0

    def watch(self, layer: nn.Module, part: str) -> None:
        """Have a layer of a part of the model add its counts whenever it runs."""
        before = [0]

        def start(*_: Any) -> None:
            before[0] = self._operations()

        def add(layer: nn.Module, inputs: tuple[Tensor, ...], outputs: Tensor) -> None:
            self.multiply_adds[part] += layer_multiply_adds(layer, inputs[0], outputs)
            self.layer_operations += self._operations() - before[0]

        layer.register_forward_pre_hook(start)
        layer.register_forward_hook(add)

    def _operations(self) -> int:
        counts = self.counter.get_flop_counts().get('Global', {})
        return sum(count for operator, count in counts.items() if str(operator) in LAYER_OPERATORS)


def layer_multiply_adds(layer: Any, inputs: Tensor, outputs: Tensor) -> int:
    """Return the multiply-adds of a convolution or linear layer: one per output and weight that reaches it.

    Args:
        layer: one of ``LAYERS``; ``weight`` is (out, in / groups, ...), for a transposed convolution (in, out /
            groups, ...).
        inputs: of the layer.
        outputs: likewise.
    """
    reached = inputs if isinstance(layer, _ConvTransposeNd) else outputs
    weights: int = layer.weight[0].numel()
    return reached.numel() * weights


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
        ValueError: for a size that is no multiple of 32.
    """
    if any(side < 1 or side % SIZE_DIVISOR for side in size):
        raise ValueError(f'the size must be multiples of {SIZE_DIVISOR} px, got {size[0]}x{size[1]}')
    counter = FlopCounterMode(display=False)
    tally = Tally(counter)
    with FakeTensorMode(), torch.no_grad():
        model = MODELS.build(config).eval()
        for name, module in model.named_modules():
            if isinstance(module, LAYERS):
                tally.watch(module, part_of(name))
            if isinstance(module, DeformConv2d):
                _use_plain_convolution(module)
        with counter:
            _run(model, torch.zeros(1, 3, size[1], size[0]))
    parameters: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        parameters[part_of(name)] += parameter.numel()
    parts = [Part(name, count, tally.multiply_adds[name]) for name, count in parameters.items()]
    return Complexity(
        parts=[part for part in parts if part.name not in OUTSIDE],
        outside=[part for part in parts if part.name in OUTSIDE],
        layer_operations=tally.layer_operations,
        other_operations=counter.get_total_flops() - tally.layer_operations,
    )


def _use_plain_convolution(layer: Any) -> None:
    """Replace mmcv's compiled operator, which cannot run on shapes alone, by the convolution that it bends."""
    layer.forward = lambda images, _: F.conv2d(
        images, layer.weight, None, layer.stride, layer.padding, layer.dilation, layer.groups
    )


def _run(model: Any, images: Tensor) -> None:
    """Run a model as far as tensors go: to the people, where the head groups them on the device."""
    feats = model.extract_feat(images)
    head = model.head
    maps = head(feats)
    pose_nets = getattr(head, 'pose_nets', None)
    if pose_nets is not None:
        head.instances_from_maps(feats, maps)
