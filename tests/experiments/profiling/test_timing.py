"""Timing in turns. What is measured is checked elsewhere; here, that the bookkeeping is right."""

import pytest

import dualcenter_mmpose.experiments.profiling.timing as timing


def test_turns_and_ratios(monkeypatch):
    """Methods run in turns, the warm-up is not counted, and the ratio is per round."""
    order = []
    durations = iter([9, 9, 9, 4, 2, 1, 6, 2, 2])  # a, b, c of the warm-up and of two rounds
    monkeypatch.setattr(timing, '_time_once', lambda run: run() or next(durations))
    found = timing.time_in_turns({name: lambda name=name: order.append(name) for name in 'abc'}, repeats=2, warmup=1)
    assert ''.join(order) == 'abcabcabc'
    assert [t.median for t in found] == [5, 2, 1.5]
    assert (found[0].lowest, found[0].highest, found[0].repeats) == (4, 6, 2)
    assert found[1].ratio == pytest.approx((4 / 2 + 6 / 2) / 2)
    assert found[0].ratio == 1


def test_markdown():
    """One line a method."""
    table = timing.to_markdown('title', [timing.Timing('x', 1.5, 1, 2, 3, 4.25)])
    assert cells(table.splitlines()[-1]) == ['x', '1.500', '1.000', '2.000', '4.2']
    assert timing.to_markdown('title', []).startswith('### title')


def test_markdown_of_memory():
    """A title with MiB changes the unit and what the ratio means."""
    table = timing.to_markdown('MiB held', [timing.Timing('x', 1.5, 1, 2, 3, 4.25)])
    assert cells(table.splitlines()[2]) == ['what', 'median MiB', 'lowest', 'highest', 'times less']


def cells(line):
    return [cell.strip() for cell in line.strip('|').split('|')]
