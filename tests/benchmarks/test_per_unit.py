"""Timings divided by what each run did."""

from benchmarks.per_unit import per_unit
from dualcenter_mmpose.experiments.profiling.timing import Timing


def test_per_unit():
    """Milliseconds are divided, ratio and repeats are not; the argument stays."""
    timings = [Timing('x', 6.0, 4.0, 8.0, 3, 5.0)]
    assert per_unit(timings, 2) == [Timing('x', 3.0, 2.0, 4.0, 3, 5.0)]
    assert timings == [Timing('x', 6.0, 4.0, 8.0, 3, 5.0)]


def test_nothing():
    """No timings."""
    assert per_unit([], 4) == []
