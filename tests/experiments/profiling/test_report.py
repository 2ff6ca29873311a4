"""The report of a model's costs, on numbers made up by hand."""

from __future__ import annotations

from dualcenter_mmpose.experiments.profiling.counting import Complexity, Part
from dualcenter_mmpose.experiments.profiling.report import RULE, format_report, to_record

COSTS = Complexity(
    parts=[Part('backbone', 1_200_000, 3_000_000_000), Part('dense head', 345, 1_500_000)],
    outside=[Part('auxiliary heads', 690, 0)],
    layer_operations=6_003_000_000,
    other_operations=500_000_000,
)


def test_text():
    """A row for every part, their sum, what is not in it, the rule, and what the rule leaves out."""
    lines = format_report(COSTS).splitlines()
    rows = [line.split() for line in lines]
    assert rows[:5] == [
        ['parameters', 'multiply-adds'],
        ['backbone', '1,200,000', '3.000', 'G'],
        ['dense', 'head', '345', '0.002', 'G'],
        ['total', '1,200,345', '3.002', 'G'],
        ['1.2', 'M', '3.0', 'G'],
    ]
    assert len({len(line) for line in lines[:5]}) == 1
    assert lines[5] == 'not in the total: auxiliary heads, 690 parameters, exist in training only'
    assert RULE in format_report(COSTS)
    assert '6.503 G operations, two per multiply-add: 3.252 G multiply-adds' in format_report(COSTS)
    assert '0.250 G are products without weights' in format_report(COSTS)


def test_record():
    """The same numbers, not rounded."""
    record = to_record(COSTS)
    assert record['total'] == dict(name='total', parameters=1_200_345, multiply_adds=3_001_500_000)
    assert [part['name'] for part in record['parts']] == ['backbone', 'dense head']
    assert record['outside'] == [dict(name='auxiliary heads', parameters=690, multiply_adds=0)]
    assert record['flop_counter'] == dict(layer_operations=6_003_000_000, other_operations=500_000_000)
