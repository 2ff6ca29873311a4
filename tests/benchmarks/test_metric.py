"""The evaluation benchmark on a few images; that both sides agree is asserted inside it, and here."""

import pytest

from benchmarks import metric


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(metric, 'IMAGES', 30)
    monkeypatch.setattr(metric, 'PEOPLE', 80)
    monkeypatch.setattr(metric, 'PREDICTIONS', 400)


def test_tables(small, capsys):
    """A table each for reading, keeping, computing and finishing, with both sides in it; nothing is printed."""
    tables = metric.run('cpu', repeats=1)
    assert [title.split(': ')[1] for title in tables] == [
        'annotation file to ground truth',
        'keeping 30 data samples',
        'boxes to numbers',
        'kept records to numbers',
    ]
    for rows in tables.values():
        assert 'pycocotools' in rows[0].name or 'mmpose' in rows[0].name
        assert any('BBPBBR' in row.name or 'evaluate_boxes' in row.name for row in rows)
    assert capsys.readouterr().out == ''


def test_numbers_are_compared(small, monkeypatch):
    """If ours were wrong by a millionth, nothing would be timed; and there is something to compare."""
    seen = []
    right = metric.our_numbers

    def wrong(*args):
        numbers = right(*args)
        seen.append(numbers)
        return {name: (bbp + 1e-6, bbr) for name, (bbp, bbr) in numbers.items()}

    monkeypatch.setattr(metric, 'our_numbers', wrong)
    with pytest.raises(ValueError, match='not worth timing'):
        metric.run('cpu', repeats=1)
    assert len(seen[0]) == 8
    assert all(0.2 < bbr < 1 and 0.1 < bbp < 1 for bbp, bbr in seen[0].values())


@pytest.mark.parametrize('ours', [{'All, tool': (0.5, 0.25 + 2e-9)}, {}, {'All, tool': (0.5, 0.25), 'S, tool': (0, 0)}])
def test_check_equality(ours):
    """A digit too far off, a subset missing, a subset too many."""
    theirs = {'All, tool': (0.5, 0.25)}
    metric.check_equality(theirs, {'All, tool': (0.5, 0.25 + 5e-10)})
    with pytest.raises(ValueError, match='by pycocotools'):
        metric.check_equality(theirs, ours)
