"""Do faster training steps learn the same? The losses of two trainings, in units of what another seed changes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

FP32, FAST, OTHER_SEED = 'fp32', 'fast', 'other seed'
"""Names of the runs that are compared."""


class Run(NamedTuple):
    """One training.

    Attributes:
        losses: of the steps.
        images_per_second: in the second half of the steps.
        memory: peak on the GPU, MiB; 0 on a CPU.
        seconds: the first step took, which makes the graphs.
        graphs: that were made.
    """

    losses: list[float]
    images_per_second: float
    memory: float
    seconds: float
    graphs: int


def smooth(losses: Sequence[float], window: int) -> list[float]:
    """Return the means of all windows of consecutive losses, ``len(losses) - window + 1`` of them."""
    return [statistics.fmean(losses[i : i + window]) for i in range(len(losses) - window + 1)]


def distance(curve: Sequence[float], reference: Sequence[float]) -> float:
    """Return the mean difference of two curves over the reference's values, without sign."""
    return statistics.fmean(abs(a - b) / abs(b) for a, b in zip(curve, reference))


def compare(runs: Mapping[str, Run], window: int) -> dict[str, float]:
    """Return how far the fast run lies from the usual one, and how far another seed does.

    Args:
        runs: by :data:`FP32`, :data:`FAST` and :data:`OTHER_SEED`.
        window: steps that are averaged.
    """
    curves = {name: smooth(run.losses, window) for name, run in runs.items()}
    difference, noise = (distance(curves[name], curves[FP32]) for name in (FAST, OTHER_SEED))
    return {
        'difference': difference,
        'noise': noise,
        'difference over noise': difference / noise if noise else float('inf') if difference else 0.0,
        'difference at the end, signed': curves[FAST][-1] / curves[FP32][-1] - 1,
        'speed-up': runs[FAST].images_per_second / runs[FP32].images_per_second,
    }
