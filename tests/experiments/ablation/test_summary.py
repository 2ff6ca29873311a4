"""Means, spreads and differences, by hand."""

from __future__ import annotations

import pytest

from dualcenter_mmpose.experiments.ablation.summary import Statistic, differences, summarise, to_markdown, values_of
from tests.helpers import squeeze


class TestValuesOf:
    """Numbers of a record; those that are not defined are absent."""

    def test_record(self):
        boxes = dict(BBP=dict(All=1.0, S=2.0, M=None, L=4.0), BBR=dict(All=5.0, S=6.0, M=None, L=8.0))
        other = {key: dict.fromkeys(own, 0.0) for key, own in boxes.items()}
        record = dict(scores=dict(keypoints={'AP': 9.0}, boxes=dict(tool=boxes, bbox=other)))
        found = values_of(record, 'tool')
        assert found == {
            'AP': 9.0, 'BBP All': 1.0, 'BBP S': 2.0, 'BBP L': 4.0, 'BBR All': 5.0, 'BBR S': 6.0, 'BBR L': 8.0,
        }  # fmt: skip
        assert values_of(record, 'bbox')['BBP L'] == 0.0


class TestSummarise:
    """Mean and sample standard deviation."""

    def test_by_hand(self):
        """1, 2, 6: mean 3, squares 4 + 1 + 9 = 14 over 2."""
        assert summarise([{'AP': v} for v in (1.0, 2.0, 6.0)])['AP'] == (3.0, pytest.approx(7**0.5), 3)

    def test_few(self):
        """No run, and one: no spread."""
        assert summarise([]) == {}
        assert summarise([{'AP': 2.0}]) == {'AP': Statistic(2.0, None, 1)}

    def test_undefined(self):
        """A number that one run lacks has no mean."""
        assert summarise([{'AP': 2.0, 'BBP S': 1.0}, {'AP': 4.0}]) == {'AP': Statistic(3.0, pytest.approx(2**0.5), 2)}


class TestDifferences:
    """Pairs of equal seeds."""

    def test_pairs(self):
        """Seeds 0 and 2 are in both rows: 3 - 1 and 9 - 5; seeds 1 and 7 have no partner."""
        first = {0: {'AP': 1.0}, 1: {'AP': 100.0}, 2: {'AP': 5.0}}
        other = {2: {'AP': 9.0}, 0: {'AP': 3.0}, 7: {'AP': 0.0}}
        assert differences(first, other)['AP'] == (3.0, pytest.approx(2**0.5), 2)

    def test_none(self):
        """No common seed, no difference."""
        assert differences({0: {'AP': 1.0}}, {1: {'AP': 1.0}}) == {}


class TestToMarkdown:
    """One line per method."""

    def test_cells(self):
        """Spread where there is one, '-' where there is nothing."""
        rows = {'a|b': {'AP': Statistic(1.0, 0.25, 2)}, 'c': {'AP': Statistic(2.0, None, 1)}, 'd': {}}
        lines = squeeze(to_markdown('title', rows)).splitlines()
        assert lines[0] == '## title'
        assert lines[4].startswith('| a\\|b | 2 | 1.00 ± 0.25 | - |')
        assert lines[5].startswith('| c | 1 | 2.00 | - |')
        assert lines[6].startswith('| d | 0 | - |')
        assert len({line.replace('\\|', '').count('|') for line in lines[2:]}) == 1

    def test_sign(self):
        rows = {'c': {'AP': Statistic(2.0, None, 1)}}
        assert '| +2.00 |' in squeeze(to_markdown('title', rows, is_difference=True))
