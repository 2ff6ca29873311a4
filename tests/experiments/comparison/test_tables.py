"""Tables for a terminal and for Markdown."""

from __future__ import annotations

from dualcenter_mmpose.experiments.comparison.rows import Row
from dualcenter_mmpose.experiments.comparison.tables import doubt_notes, make_tables, to_markdown, to_text
from tests.helpers import squeeze

BOXES = {'BBP': dict(All=1.0, S=2.0, M=3.0, L=None), 'BBR': dict(All=5.0, S=6.0, M=7.0, L=8.0)}
MODEL = Row(
    'ours', {'AP': 12.345}, {'tool': BOXES, 'bbox': BOXES}, 1.5, None, {1: 2.0, 4: 3.0}, 10.0
)  # fmt: skip
PRINTED = Row('them', {}, {'tool': BOXES}, 28.6, 48.0, is_printed=True, doubtful={'BBP M': 'too low'})


class TestMakeTables:
    """Four tables, with a row for each method that has a number there."""

    def test_rows(self):
        """The paper has boxes by one area source; keypoints are known of ours alone."""
        names = [[row[0] for row in rows] for _, _, rows in make_tables([MODEL, PRINTED])]
        printed = 'them, as printed'
        assert names == [['ours'], ['ours', printed], ['ours'], ['ours', printed]]

    def test_cells(self):
        """Two digits, what is not known as '-'; printed numbers as printed, doubtful ones marked."""
        keypoints, boxes, _, costs = [rows for _, _, rows in make_tables([MODEL, PRINTED])]
        assert keypoints == [['ours', '12.35', '-', '-', '-', '-']] or keypoints == [['ours', '12.35', *'----']]
        assert boxes[0][1:5] == ['1.00', '2.00', '3.00', '-']
        assert boxes[1][1:] == ['1.0', '2.0', '3.0?', '-', '5.0', '6.0', '7.0', '8.0']
        assert costs[0] == ['ours', '1.500', '-', '2.00', '3.00', '4', '10.0']
        assert costs[1] == ['them, as printed', '28.6', '48.0', '-', '-', '-', '-']

    def test_crowdpose(self):
        """AP by crowding in place of AP by size."""
        row = MODEL._replace(keypoints={'AP': 1.0, 'AP(E)': 2.0})
        assert make_tables([row])[0][1][-3:] == ['AP(E)', 'AP(M)', 'AP(H)']

    def test_nothing(self):
        """No method: headers alone."""
        assert [rows for _, _, rows in make_tables([])] == [[], [], [], []]


TABLE = ('title', ['method', 'AP'], [['a|b', '1.00']])


class TestToText:
    """Columns stand below each other."""

    def test_text(self):
        assert to_text(TABLE) == '== title\nmethod    AP\na|b     1.00'


class TestToMarkdown:
    """A name may hold what separates cells."""

    def test_markdown(self):
        lines = squeeze(to_markdown(TABLE)).splitlines()
        assert [*lines[:3], lines[4]] == ['## title', '', '| method | AP |', '| a\\|b | 1.00 |']
        assert lines[3].replace('-', '') == '|:|:|'


class TestDoubtNotes:
    """One sentence for each doubtful number."""

    def test_notes(self):
        assert doubt_notes([MODEL, PRINTED]) == ['them, BBP M: doubtful as printed: too low.']
