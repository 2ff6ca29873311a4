"""What the machine can do at best: multiply-adds of a large matrix product, bytes of a large copy.

A computation that needs so many multiply-adds and moves so many bytes cannot take less than
:func:`compute_bound_ms` and :func:`traffic_bound_ms` say, unless its algorithm saves multiplications (Winograd's does)
or its tensors stay in a cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable

import torch

from benchmarks.per_unit import per_unit
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns

BILLION = 1e9
SIDES = {'cpu': 2048, 'cuda': 8192}
"""Rows and columns of the multiplied matrices."""
COPIED_BYTES = {'cpu': 1 << 28, 'cuda': 1 << 31}
"""Size of the tensor that is copied: far more than fits in caches."""


@dataclass(frozen=True)
class Rates:
    """What a device did at best.

    Attributes:
        multiply_adds: per precision, a second. ``float32``; on CUDA also ``tf32``, in which PyTorch convolves float32
            tensors unless told otherwise, and ``bfloat16``.
        copied_bytes: read and written, a second: copying a tensor of n bytes moves 2n.
    """

    multiply_adds: Mapping[str, float]
    copied_bytes: float

    def describe(self) -> str:
        """Return the rates in one line."""
        parts = [f'{name} {rate / 1e12:.3g} T multiply-adds/s' for name, rate in self.multiply_adds.items()]
        return ', '.join([*parts, f'copy {self.copied_bytes / BILLION:.3g} GB/s read and written'])


def compute_bound_ms(multiply_adds: float, rate: float) -> float:
    """Return the least time of so many multiply-adds, ms.

    Args:
        multiply_adds: of the computation.
        rate: multiply-adds a second.

    Raises:
        ValueError: unless the rate is above 0.
    """
    return _milliseconds(multiply_adds, rate)


def traffic_bound_ms(num_bytes: float, rate: float) -> float:
    """Return the least time of moving so many bytes, ms.

    Args:
        num_bytes: read and written, together.
        rate: bytes a second, read and written.

    Raises:
        ValueError: unless the rate is above 0.
    """
    return _milliseconds(num_bytes, rate)


def _milliseconds(amount: float, rate: float) -> float:
    if not rate > 0:
        raise ValueError(f'rate must be above 0 a second, but is {rate}')
    return amount / rate * 1e3


def measure_rates(device: str, repeats: int = 5) -> Rates:
    """Return the rates of a device, from the fastest of some runs.

    Args:
        device: ``'cpu'`` or ``'cuda'``, with or without an index.
        repeats: counted runs.
    """
    product, copy = _time_products(device, repeats), _time_copy(device, repeats)
    return Rates(
        multiply_adds={t.name: BILLION / (t.lowest / 1e3) for t in product},
        copied_bytes=BILLION / (copy[0].lowest / 1e3),
    )


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return milliseconds of a billion multiply-adds and of a billion bytes.

    Args:
        device: what to measure.
        repeats: counted rounds.
    """
    side = SIDES[torch.device(device).type]
    return {
        f'a billion multiply-adds of a {side}^3 matrix product': _time_products(device, repeats),
        'a billion bytes of a large copy, half of them read and half written': _time_copy(device, repeats),
    }


def _time_products(device: str, repeats: int) -> list[Timing]:
    side = SIDES[torch.device(device).type]
    products = {'float32': _product(side, device, torch.float32)}
    if torch.device(device).type == 'cuda':
        products['tf32'] = _with_tf32(products['float32'])
        products['bfloat16'] = _product(side, device, torch.bfloat16)
    with _matmul_precision('highest'):
        return per_unit(time_in_turns(products, repeats), side**3 / BILLION)


def _product(side: int, device: str, dtype: torch.dtype) -> Callable[[], Any]:
    # Values, not zeros: a GPU draws less power, and so runs faster, on zeros.
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    return lambda: torch.mm(left, right, out=out)


def _with_tf32(multiply: Callable[[], Any]) -> Callable[[], Any]:
    def run_once() -> None:
        with _matmul_precision('high'):
            multiply()

    return run_once


@contextmanager
def _matmul_precision(name: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(name)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _time_copy(device: str, repeats: int) -> list[Timing]:
    size = COPIED_BYTES[torch.device(device).type]
    source = torch.ones(size // 4, device=device)
    target = torch.empty_like(source)
    return per_unit(time_in_turns({'copy': lambda: target.copy_(source)}, repeats), 2 * size / BILLION)
