"""Rates of a device: the arithmetic by hand, and the measurement on matrices of a few rows."""

import pytest
import torch

from benchmarks import roofline_rates
from benchmarks.roofline_rates import Rates, compute_bound_ms, measure_rates, traffic_bound_ms
from dualcenter_mmpose.experiments.profiling.timing import Timing


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(roofline_rates, 'SIDES', {'cpu': 100})
    monkeypatch.setattr(roofline_rates, 'COPIED_BYTES', {'cpu': 4000})


@pytest.mark.parametrize('bound_ms', [compute_bound_ms, traffic_bound_ms])
def test_by_hand(bound_ms):
    """Half a billion at two billion a second take a quarter of a second; nothing takes no time."""
    assert bound_ms(5e8, 2e9) == pytest.approx(250)
    assert bound_ms(0, 2e9) == 0


@pytest.mark.parametrize('bound_ms', [compute_bound_ms, traffic_bound_ms])
@pytest.mark.parametrize('rate', [0, -1, float('nan')])
def test_no_rate(bound_ms, rate):
    """A rate that is no rate."""
    with pytest.raises(ValueError, match='rate must be above 0'):
        bound_ms(1, rate)


def test_units(monkeypatch, small):
    """A run of 100^3 multiply-adds in 2 ms is 0.5 G/s; 4000 bytes copied, 8000 moved, in 2 ms are 4 MB/s.

    The rates are those of the fastest run.
    """
    monkeypatch.setattr(
        roofline_rates,
        'time_in_turns',
        lambda products, repeats: [Timing(name, 3.0, 2.0, 4.0, repeats, 1.0) for name in products],
    )
    rates = measure_rates('cpu')
    assert rates.multiply_adds == {'float32': pytest.approx(5e8)}
    assert rates.copied_bytes == pytest.approx(4e6)
    product, copy = roofline_rates.run('cpu', 3).values()
    assert (product[0].median, product[0].repeats) == (pytest.approx(3000), 3)
    assert copy[0].median == pytest.approx(3 / 8000 * 1e9)


def test_what_is_run(monkeypatch, small):
    """The copy copies, the product multiplies, and PyTorch's precision is as before."""
    ran = []
    monkeypatch.setattr(roofline_rates, 'time_in_turns', lambda products, repeats: ran.append(products) or [])
    before = torch.get_float32_matmul_precision()
    roofline_rates.run('cpu', 1)
    assert torch.get_float32_matmul_precision() == before
    product, copy = ran[0]['float32'](), ran[1]['copy']()
    assert product.shape == (100, 100)
    assert product.std() > 5  # of sums of 100 products of normal numbers: 10
    assert copy.shape == (1000,)
    assert bool((copy == 1).all())


def test_tf32_is_taken_back():
    """The reduced precision holds inside only."""
    inside = []
    before = torch.get_float32_matmul_precision()
    roofline_rates._with_tf32(lambda: inside.append(torch.get_float32_matmul_precision()))()
    assert inside == ['high']
    assert torch.get_float32_matmul_precision() == before


def test_measured(small):
    """Two rates, in words, too."""
    rates = measure_rates('cpu', repeats=1)
    assert rates.multiply_adds['float32'] > 0
    assert rates.copied_bytes > 0
    text = Rates({'float32': 5e10}, 4e9).describe()
    assert text == 'float32 0.05 T multiply-adds/s, copy 4 GB/s read and written'
