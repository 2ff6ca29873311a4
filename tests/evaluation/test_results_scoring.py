"""BBP and BBR of result files; the options and files of the command are tested with `cli.score`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dualcenter_mmpose.evaluation.results_scoring import read_files, score_results
from tests.reference.coco_files import coco_content, person, write_coco

BOX, FAR = (10.0, 10.0, 40.0, 60.0), (120.0, 10.0, 20.0, 20.0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Return paths of annotations (two people) and results (one found, one false)."""
    ann = write_coco(tmp_path, coco_content(person(1, 1, BOX), person(2, 2, BOX, area=9000)))
    rows = [
        {'image_id': 1, 'keypoints': person(0, 1, BOX)['keypoints'], 'score': 7.5},
        {'image_id': 2, 'keypoints': person(0, 2, FAR)['keypoints'], 'score': 3.5},
    ]
    results = tmp_path / 'results.json'
    results.write_text(json.dumps(rows))
    return ann, str(results)


def counts(evaluation):
    """Return the number of ground-truth people of each subset that has any."""
    return {name: subset.num_gt for name, subset in evaluation.subsets.items() if subset.num_gt}


class TestScoreResults:
    """Files and values -> an evaluation."""

    def test_numbers(self, files: tuple[str, str]) -> None:
        """One of two found, at the higher score; the missed one is medium by its area."""
        read = read_files(*files)
        evaluation, notes = score_results(read), list(read.checked.notes)
        assert evaluation.subsets['All'].bbr == pytest.approx(0.5)
        assert evaluation.subsets['All'].bbp == pytest.approx(51 / 101)
        assert counts(evaluation) == {'All': 2, 'S': 1, 'M': 1}
        assert notes == ['1 images have no annotation']

    def test_area_source(self, files: tuple[str, str]) -> None:
        """By box area both people are small."""
        assert counts(score_results(read_files(*files), area_source='bbox')) == {'All': 2, 'S': 2}

    def test_ceiling(self, files: tuple[str, str]) -> None:
        """Labelled keypoints that fill their boxes reach all."""
        assert score_results(read_files(files[0], None)).subsets['All'].bbr == 1

    def test_labelled_only(self, tmp_path: Path) -> None:
        """People whom nobody labelled are left out, crowds are not."""
        people = [
            person(1, 1, (0, 0, 20, 20)),
            person(2, 1, (40, 0, 20, 20), num_labelled=0),
            person(3, 1, (0, 40, 50, 50), num_labelled=0, iscrowd=1),
        ]
        ann = write_coco(tmp_path, coco_content(*people))
        assert score_results(read_files(ann, None)).subsets['All'].bbr == 0.5
        evaluation = score_results(read_files(ann, None), labelled_only=True)
        assert (evaluation.subsets['All'].bbr, counts(evaluation)['All']) == (1, 1)

    def test_other_categories_are_left_out(self, files: tuple[str, str]) -> None:
        """Rows of a known category that is not the person's take no part."""
        ann, results = map(Path, files)
        content = json.loads(ann.read_text())
        content['categories'].append({'id': 2, 'name': 'dog'})
        rows = json.loads(results.read_text())
        rows[1]['category_id'] = 2
        ann.write_text(json.dumps(content))
        results.write_text(json.dumps(rows))
        assert score_results(read_files(*files)).subsets['All'].num_predictions == 1

    @pytest.mark.parametrize(
        ('option', 'value'), [('max_detections', 0), ('expand', -1.0), ('iou_thr', 0.0), ('area_source', 'x')]
    )
    def test_values(self, files: tuple[str, str], option: str, value: object) -> None:
        """The message names the value."""
        with pytest.raises(ValueError, match=option):
            score_results(read_files(*files), **{option: value})
