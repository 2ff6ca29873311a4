"""The memory of training on one level, by the suite itself."""

from benchmarks import memory


def test_sequential_levels_keep_less():
    """A level after the other keeps no more than the largest; all at once keep more. Rows follow the title's order."""
    rows = memory._compare(memory._LEVELS, 16, 128, 'cpu')
    alone, in_turn, nominal, at_once = (row.median for row in rows)
    assert 0 < nominal < alone <= in_turn < at_once
    assert rows[0].ratio == 1
    assert rows[3].ratio < 1
