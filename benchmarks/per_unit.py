"""Timings of many units at once, as timings of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dualcenter_mmpose.experiments.profiling.timing import Timing


def per_unit(timings: Sequence[Timing], count: float) -> list[Timing]:
    """Return the timings divided by how many units each run did; ratios stay."""
    return [replace(t, median=t.median / count, lowest=t.lowest / count, highest=t.highest / count) for t in timings]
