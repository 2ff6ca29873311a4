"""Counted costs, and the bounds that follow, by hand."""

import pytest
import torch

from benchmarks import roofline
from benchmarks.roofline import count_cost, roofline_rows
from benchmarks.roofline_rates import Rates
from dualcenter_mmpose.experiments.profiling.timing import Timing


class TestCountCost:
    """count_cost."""

    def test_product(self):
        """(2, 3) times (3, 4) takes 24 multiply-adds and moves 6 + 12 + 8 floats of 4 bytes."""
        left, right = torch.ones(2, 3), torch.ones(3, 4)
        assert count_cost(lambda: left @ right) == (24, 104)

    def test_convolution_and_its_backward(self):
        """A 3x3 convolution of one channel on 4x4 cells, padded: 144 forward, as much for the weight and the input."""
        weight, image = torch.ones(1, 1, 3, 3, requires_grad=True), torch.ones(1, 1, 4, 4, requires_grad=True)

        def run():
            torch.nn.functional.conv2d(image, weight, padding=1).sum().backward()

        assert count_cost(run).multiply_adds == 3 * 144

    def test_groups(self):
        """Two groups of a 1x1 convolution, 2 channels to 2 each, on one cell: 8 multiply-adds, three times."""
        weight, image = torch.ones(4, 2, 1, 1, requires_grad=True), torch.ones(1, 4, 1, 1, requires_grad=True)

        def run():
            torch.nn.functional.conv2d(image, weight, groups=2).sum().backward()

        assert count_cost(run).multiply_adds == 3 * 8

    def test_first_layer(self):
        """An image wants no gradient: only the weight's is counted."""
        weight, image = torch.ones(1, 1, 1, 1, requires_grad=True), torch.ones(1, 1, 2, 2)

        def run():
            torch.nn.functional.conv2d(image, weight).sum().backward()

        assert count_cost(run).multiply_adds == 2 * 4

    def test_views_move_nothing(self):
        """A transposed view reads no element; adding 1 to it reads and writes all."""
        table = torch.ones(5, 2)
        assert count_cost(lambda: table.t()) == (0, 0)
        assert count_cost(lambda: table.t() + 1) == (0, 80)


def test_roofline_rows(monkeypatch):
    """At 1,000 a second 24 multiply-adds take 24 ms and 104 bytes 104 ms; ratios are to the first row."""
    monkeypatch.setattr(roofline, 'rates_of', lambda device: Rates({'float32': 1000.0}, 1000.0))
    left, right = torch.ones(2, 3), torch.ones(3, 4)
    reference = Timing('measured', 48.0, 40.0, 60.0, 3, 1.0)
    products, traffic = roofline_rows(lambda: left @ right, 'cpu', [reference])
    assert (products.median, products.ratio) == (pytest.approx(24.0), pytest.approx(2.0))
    assert (traffic.median, traffic.ratio) == (pytest.approx(104.0), pytest.approx(48 / 104))
