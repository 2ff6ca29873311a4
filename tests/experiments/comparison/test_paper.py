"""The paper's numbers, against its own sentences."""

from __future__ import annotations

import pytest
import yaml

from dualcenter_mmpose.experiments.comparison.paper import DATA_SETS, paper_rows, paper_source


def find(data_set, name):
    (row,) = [row for row in paper_rows(data_set) if row.name.startswith(name)]
    return row


class TestPaperRows:
    """As printed, doubtful entries with the reason."""

    @pytest.mark.parametrize('data_set', DATA_SETS)
    def test_form(self, data_set):
        """All rows are marked as printed, and each doubt belongs to a number that is there."""
        rows = paper_rows(data_set)
        assert len({row.name for row in rows}) == len(rows) >= 5
        for row in rows:
            assert row.is_printed
            for number in row.doubtful:
                kind, subset = number.split(maxsplit=1)
                known = row.keypoints.get(number) if kind == 'AP' else row.boxes['tool'][kind][subset]
                assert known is not None
        assert 'Tables 1' in paper_source(data_set)

    def test_sentences(self):
        """Gains that the paper's text states: 8.5 BBP and 9.9 BBR of small persons on COCO, 11.7 BBR on CrowdPose."""
        ours, swahr, cgnet = (find('coco', f'{name} (HRNet-W32').boxes['tool'] for name in ('Ours', 'SWAHR', 'CGNet'))
        assert ours['BBP']['S'] - swahr['BBP']['S'] == pytest.approx(8.5)
        assert ours['BBR']['S'] - cgnet['BBR']['S'] == pytest.approx(9.9)
        ours, swahr = (find('crowdpose', name).boxes['tool'] for name in ('Ours', 'SWAHR'))
        assert ours['BBR']['All'] - swahr['BBR']['All'] == pytest.approx(11.7)

    def test_doubts(self):
        """PINet's 15.9 stays as printed and is doubted; 4 numbers of CGNet, too; no other."""
        assert find('coco', 'PINet').boxes['tool']['BBP']['L'] == 15.9
        assert '65.9 is likely' in find('coco', 'PINet').doubtful['BBP L']
        assert sum(len(row.doubtful) for row in paper_rows('coco')) == 5
        assert sum(len(row.doubtful) for row in paper_rows('crowdpose')) == 0

    def test_transcript(self, paper_tables):
        """Every number of the two box tables equals an independent transcript."""
        tables = yaml.safe_load(paper_tables.read_text())
        for number, table in (('BBR', 'table1_bbr'), ('BBP', 'table2_bbp')):
            for row in tables[table]['rows']:
                for data_set in DATA_SETS:
                    name = f'{row["method"]} (HRNet-{"W32" if data_set == "coco" else row["crowd_backbone"]}'
                    assert find(data_set, name).boxes['tool'][number] == row[data_set]
