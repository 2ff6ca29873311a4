"""The measures of two trainings, by hand."""

from __future__ import annotations

import math

import pytest

from dualcenter_mmpose.experiments.profiling import loss_curves as tool


def run(losses, speed=1.0):
    return tool.Run(losses=losses, images_per_second=speed, memory=0.0, seconds=0.0, graphs=0)


class TestSmooth:
    """Means of windows."""

    def test_by_hand(self):
        """(1 + 3) / 2 and (3 + 8) / 2."""
        assert tool.smooth([1.0, 3.0, 8.0], 2) == [2.0, 5.5]

    def test_window_of_one(self):
        """Changes nothing."""
        assert tool.smooth([1.0, 3.0], 1) == [1.0, 3.0]


class TestCompare:
    """The fast run against the usual one, in units of what a seed does."""

    def test_by_hand(self):
        """Differences of 1/4 and 1/2, mean 0.375; of the other seed 1/4 and 1: 0.625; at the end 3 / 2 - 1."""
        runs = {'fp32': run([4.0, 2.0], 10), 'fast': run([3.0, 3.0], 25), 'other seed': run([5.0, 4.0])}
        measures = tool.compare(runs, window=1)
        assert measures['difference'] == pytest.approx(0.375)
        assert measures['noise'] == pytest.approx(0.625)
        assert measures['difference over noise'] == pytest.approx(0.6)
        assert measures['difference at the end, signed'] == pytest.approx(0.5)
        assert measures['speed-up'] == pytest.approx(2.5)

    @pytest.mark.parametrize(('fast', 'expected'), [([1.0], 0.0), ([2.0], math.inf)])
    def test_no_noise(self, fast, expected):
        """Without noise only equality lies within it."""
        runs = {'fp32': run([1.0]), 'fast': run(fast), 'other seed': run([1.0])}
        assert tool.compare(runs, window=1)['difference over noise'] == expected
