"""Training steps as the benchmark runs them, on small pictures."""

import pytest
import torch

from benchmarks import roofline, step
from benchmarks.roofline_rates import Rates
from benchmarks.step import make_step

SMALL = dict(width=16, size=64, batch=2, filters=2, blocks=('plain', 'plain'))


@pytest.mark.parametrize(
    'options',
    [
        {},
        dict(channels_last=True),
        dict(autocast=True),
        dict(scale=2, type='MultiScaleTrainingWrapper'),
        dict(scale=2, type='MultiScaleTrainingWrapper', sequential=False),
    ],
    ids=str,
)
def test_weights_move(options):
    """Every kind of step trains: the model that it closes over changes."""
    run = make_step('cpu', **SMALL, **options)
    (model,) = (cell.cell_contents for cell in run.__closure__ if isinstance(cell.cell_contents, torch.nn.Module))
    before = model.head.heatmap_branch.final.weight.detach().clone()
    run()
    assert not torch.equal(before, model.head.heatmap_branch.final.weight)


def test_levels_are_compared_with_their_multiply_adds(monkeypatch):
    """The reference row takes 5.04 times one level's time; a ratio above 1 is less than the multiply-adds say."""
    monkeypatch.setattr(roofline, 'rates_of', lambda device: Rates({'float32': 1e9}, 1e9))
    monkeypatch.setattr(step, 'LEVELS_SIZE', {'cpu': (64, 1)})
    monkeypatch.setattr(step, 'make_step', lambda *args, **options: make_step('cpu', **{**options, **SMALL}))
    (rows,) = step._levels('cpu', rounds=1).values()
    expected, one, sequential = rows[:3]
    assert expected.median == pytest.approx(5.04 * one.median)
    assert (expected.ratio, one.ratio) == (pytest.approx(1), pytest.approx(5.04))
    assert sequential.ratio == pytest.approx(5.04 * one.median / sequential.median)
