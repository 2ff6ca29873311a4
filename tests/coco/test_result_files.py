from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from dualcenter_mmpose.coco.annotation_checks import AnnotationError
from dualcenter_mmpose.coco.result_files import check_results, load_results


def row(image_id: int = 1, score: float = 0.5, **changes: object) -> dict[str, object]:
    """Return a result row of two keypoints."""
    return {'image_id': image_id, 'keypoints': [1, 2, 1, 3, 4, 0], 'score': score, **changes}


class TestCheckResults:
    """Rows that pass and rows that do not."""

    @pytest.mark.parametrize('rows', [[], [row()], [row(), row(score=0.4), row(2)], [row(keypoints=[0] * 6)]])
    def test_good_rows_pass_unchanged(self, rows: object) -> None:
        """None, one, several of an image, all joints absent."""
        before = copy.deepcopy(rows)
        assert check_results(rows, {1, 2}) == before

    @pytest.mark.parametrize(
        ('rows', 'message'),
        [
            ({'annotations': []}, r'a list of rows, but the content is a dict'),
            ([row(), 'text'], r'rows must be dictionaries \(1 in total\): row 1: str'),
            ([{'image_id': 1, 'score': 1}], r"rows without 'keypoints' \(1 in total\): row 0"),
            ([row(9), row()], r'image_id is not in the annotation file \(1 in total\): row 0: 9'),
            ([row('1')], r"image_id is not in the annotation file .* row 0: '1'"),
            ([row(category_id=3)], r'category_id is not in the annotation file .* row 0: 3'),
            (
                [row(score=float('nan'))],
                r"'score' must be a finite number .* row 0 \(image 1\): nan",
            ),
            ([row(score=None)], r"'score' must be a finite number"),
            ([row(keypoints=[1, 2])], r"'keypoints' must be 3 K numbers"),
            ([row(), row(keypoints=[1, 2, 1])], r"'keypoints' must be 6 numbers .* row 1"),
            ([row(keypoints=[1, float('inf'), 1] * 2)], r"'keypoints' must be finite"),
            (
                [row(), row(2), row()],
                r'rows occur more than once \(1 in total\): image 1, score 0.5',
            ),
            ([row(id=4), row(2, id=4)], r'row ids occur more than once .* id 4'),
        ],
    )
    def test_bad_rows_are_refused(self, rows: object, message: str) -> None:
        """The message names the problem, the row and the value."""
        with pytest.raises(AnnotationError, match=message):
            check_results(rows, {1, 2}, {1})


class TestLoadResults:
    """The same from a file."""

    def test_good_file(self, tmp_path: Path) -> None:
        """The rows come back as they are."""
        path = tmp_path / 'results.json'
        path.write_text(json.dumps([row()]))
        assert load_results(path, {1}) == [row()]

    def test_message_names_the_file(self, tmp_path: Path) -> None:
        """So does the message about a missing one."""
        path = tmp_path / 'results.json'
        with pytest.raises(AnnotationError, match=r"result file '.*results.json' does not exist"):
            load_results(path, {1})
        path.write_text(json.dumps([row(9)]))
        with pytest.raises(AnnotationError, match=r'results\.json: image_id is not in'):
            load_results(path, {1})
