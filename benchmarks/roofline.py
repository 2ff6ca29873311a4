"""The roofline model of a computation: what it costs, and the least time that this machine needs for as much.

Multiply-adds are counted by PyTorch (matrix products and convolutions, backward included; custom operators and
``grid_sample`` are not), bytes from the tensors that every operation reads and writes. Two bounds follow: products at
the rate of a large matrix product, and traffic at the rate of a large copy, both measured in the same run. An
algorithm with fewer products (Winograd), fused operations and caches can go below a bound; a time far above both says
that something else is in the way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Callable, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.roofline_rates import Rates, compute_bound_ms, measure_rates, traffic_bound_ms
from dualcenter_mmpose.experiments.profiling.timing import Timing


class Cost(NamedTuple):
    """What a computation costs.

    Attributes:
        multiply_adds: of its products and convolutions.
        moved_bytes: read and written by its operations, each for itself.
    """

    multiply_adds: float
    moved_bytes: float


class Traffic(TorchDispatchMode):
    """Add up the bytes of the tensors that operations take and give while the mode is on.

    Attributes:
        moved_bytes: the sum. Views move nothing; what an operation writes in place counts as read and written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moved_bytes = 0

    def __torch_dispatch__(  # noqa: D105
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if not func.is_view:
            leaves = tree_leaves((args, kwargs, out))
            self.moved_bytes += sum(leaf.nbytes for leaf in leaves if isinstance(leaf, torch.Tensor))
        return out


def convolution_backward_flops(
    grad_shape: Sequence[int],
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    wanted: Sequence[bool],
    **_: Any,
) -> int:
    """Return the operations of a convolution's backward: as many as forward, for the input and for the weight.

    PyTorch 2.11's own count forgets the groups of a weight's gradient, and gives 17 times too much for 17.
    """
    cells = math.prod((input_shape if transposed else grad_shape)[2:])
    forward = 2 * grad_shape[0] * cells * math.prod(weight_shape)
    return forward * sum(bool(part) for part in wanted[:2])


def count_cost(run: Callable[[], Any]) -> Cost:
    """Return what one call costs."""
    with Traffic() as traffic:
        run()
    mended = {torch.ops.aten.convolution_backward: convolution_backward_flops}
    with FlopCounterMode(display=False, custom_mapping=mended) as counter:
        run()
    return Cost(counter.get_total_flops() / 2, traffic.moved_bytes)


@cache
def rates_of(device: str) -> Rates:
    """Return the rates of a device, measured once a process."""
    return measure_rates(device)


def roofline_rows(
    run: Callable[[], Any], device: str, timings: Sequence[Timing], precision: str = 'float32'
) -> list[Timing]:
    """Return two rows for the end of a table: the bounds of a method.

    Args:
        run: the method.
        device: where it runs.
        timings: the table so far; its first row is the reference of the ratios.
        precision: of the products, a key of :class:`~benchmarks.roofline_rates.Rates`.
    """
    cost, rates = count_cost(run), rates_of(device)
    products = f'roofline: {cost.multiply_adds / 1e9:.1f} G multiply-adds at the rate of a matrix product'
    traffic = f'roofline: {cost.moved_bytes / 2**20:,.0f} MiB read and written at the rate of a copy'
    bounds = {
        products: compute_bound_ms(cost.multiply_adds, rates.multiply_adds[precision]),
        traffic: traffic_bound_ms(cost.moved_bytes, rates.copied_bytes),
    }
    return [_bound_row(name, milliseconds, timings[0]) for name, milliseconds in bounds.items() if milliseconds > 0]


def _bound_row(name: str, milliseconds: float, reference: Timing) -> Timing:
    return Timing(name, milliseconds, milliseconds, milliseconds, 0, reference.median / milliseconds)
