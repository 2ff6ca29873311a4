from __future__ import annotations

import copy

import numpy as np
import pytest

from dualcenter_mmpose.evaluation.bbp_bbr import evaluate_boxes
from dualcenter_mmpose.evaluation.coco_boxes import (
    ceiling_predictions,
    ground_truth_boxes,
    keypoint_boxes,
    person_areas,
    person_category_id,
    predicted_boxes,
)
from tests.reference.coco_files import person


class TestPersonCategoryId:
    """Which category is evaluated."""

    @pytest.mark.parametrize(
        ('categories', 'expected'),
        [
            ([{'id': 7, 'name': 'dancer'}], 7),
            ([{'id': 3, 'name': 'car'}, {'id': 1, 'name': 'person'}], 1),
            ([{'id': 3, 'name': 'car'}, {'id': 2, 'name': 'dancer', 'keypoints': ['nose']}], 2),
        ],
    )
    def test_rules(self, categories: list[dict], expected: object) -> None:
        """The only one, the one of that name, the only one with keypoints."""
        assert person_category_id(categories) == expected

    def test_ambiguous_categories_are_refused(self) -> None:
        """The message names the candidates."""
        with pytest.raises(ValueError, match=r"\['car', 'bus'\]"):
            person_category_id([{'id': 1, 'name': 'car'}, {'id': 2, 'name': 'bus'}])


class TestKeypointBoxes:
    """Tight boxes of poses."""

    def test_no_pose(self) -> None:
        """No pose gives no box."""
        boxes, has_box = keypoint_boxes(np.zeros((0, 3, 2)), np.zeros((0, 3)))
        assert boxes.shape == (0, 4)
        assert has_box.shape == (0,)

    def test_absent_joints_take_no_part(self) -> None:
        """Joints (2, 3) and (7, 13) span x 2, y 3, w 5, h 10; the one at 0, 0 scores 0."""
        boxes, has_box = keypoint_boxes([[[2, 3], [7, 13], [0, 0]]], [[0.2, 0.9, 0.0]])
        assert boxes.tolist() == [[2, 3, 5, 10]]
        assert has_box.tolist() == [True]

    def test_threshold_is_exclusive(self) -> None:
        """A joint scoring the threshold is absent, as a score of 0 is by default."""
        boxes, _ = keypoint_boxes([[[2, 3], [7, 13], [9, 9]]], [[0.2, 0.9, 0.5]], keypoint_thr=0.2)
        assert boxes.tolist() == [[7, 9, 2, 4]]

    def test_pose_without_joint_has_no_box(self) -> None:
        """All joints absent: marked, and zeros instead of infinities."""
        boxes, has_box = keypoint_boxes([[[2, 3], [7, 13]]], [[0, 0]])
        assert boxes.tolist() == [[0, 0, 0, 0]]
        assert has_box.tolist() == [False]

    def test_joint_that_is_not_finite_is_absent(self) -> None:
        """NaN in a coordinate or a score removes the joint, not the pose."""
        poses = [[[2, 3], [np.nan, 4], [5, 6]], [[2, 3], [7, 13], [8, 8]]]
        boxes, _ = keypoint_boxes(poses, [[1, 1, 1], [1, 1, np.nan]])
        assert boxes.tolist() == [[2, 3, 3, 3], [2, 3, 5, 10]]

    def test_expansion_keeps_the_center(self) -> None:
        """0.5 turns 10 x 20 into 15 x 30 about the same center."""
        boxes, _ = keypoint_boxes([[[0, 0], [10, 20]]], [[1, 1]], expand=0.5)
        assert boxes.tolist() == [[-2.5, -5, 15, 30]]


class TestPersonAreas:
    """The size that decides on the subset."""

    ANNOTATIONS = ({'bbox': [0, 0, 10, 20], 'area': 50.0}, {'bbox': [0, 0, 10, 10]})

    @pytest.mark.parametrize(
        ('source', 'use_area', 'expected'),
        [
            ('tool', True, [50, 53]),
            ('tool', False, [106, 53]),
            ('bbox', True, [200, 100]),
        ],
    )
    def test_sources(self, source: str, use_area: bool, expected: object) -> None:
        """The annotated area, else 0.53 of the box; or the box's own."""
        np.testing.assert_allclose(person_areas(self.ANNOTATIONS, source, use_area), expected)

    def test_area_of_zero(self) -> None:
        """An annotated area of 0 is one: only a missing area is made up from the box."""
        assert person_areas([{'bbox': [0, 0, 10, 10], 'area': 0}], 'tool').tolist() == [0]

    def test_no_person(self) -> None:
        """No annotation gives no area."""
        assert person_areas([], 'tool').shape == (0,)

    def test_unknown_source_is_refused(self) -> None:
        """The message names the choices."""
        with pytest.raises(ValueError, match=r"area_source must be one of \['tool', 'bbox'\]"):
            person_areas([], 'mask')


class TestGroundTruthBoxes:
    """Annotations to boxes."""

    def test_people_without_keypoints_count(self) -> None:
        """Every person box is ground truth; only crowd regions are marked."""
        gt = ground_truth_boxes(
            [
                person(1, 4, (0, 0, 10, 10), num_labelled=0),
                person(2, 4, (0, 0, 20, 10), iscrowd=1),
            ]
        )
        assert gt.boxes.tolist() == [[0, 0, 10, 10], [0, 0, 20, 10]]
        assert gt.image_ids.tolist() == [4, 4]
        assert gt.is_crowd.tolist() == [False, True]

    def test_no_annotation(self) -> None:
        """Arrays keep their number of columns."""
        assert ground_truth_boxes([]).boxes.shape == (0, 4)


class TestPredictedBoxes:
    """Result rows to boxes."""

    def test_rows(self) -> None:
        """A row without a present keypoint is left out and counted; a given 'bbox' is not used."""
        rows = [
            {'image_id': 5, 'keypoints': [1, 2, 1, 4, 6, 1, 0, 0, 0], 'score': 3.5},
            {'image_id': 6, 'keypoints': [1, 2, 0, 4, 6, 0, 0, 0, 0], 'score': 2, 'bbox': [0] * 4},
        ]
        before = copy.deepcopy(rows)
        pred = predicted_boxes(rows)
        assert pred.boxes.tolist() == [[1, 2, 3, 4]]
        assert pred.scores.tolist() == [3.5]
        assert pred.image_ids.tolist() == [5]
        assert pred.num_without_box == 1
        assert rows == before

    def test_no_row(self) -> None:
        """An empty result file gives no boxes."""
        assert predicted_boxes([]).boxes.shape == (0, 4)


class TestCeilingPredictions:
    """Labelled keypoints as predictions."""

    def test_tight_boxes_bound_recall(self) -> None:
        """Of a full, a half-labelled, an unlabelled person and a crowd region one can be found.

        The half-labelled one shows 3 of 5 px along both sides: IoU 0.36.
        """
        half = person(2, 1, (20, 0, 5, 5))
        half['keypoints'] = [20, 0, 2, 23, 3, 1] + [0] * 45
        people = [
            person(1, 1, (0, 0, 5, 5)),
            half,
            person(3, 1, (40, 0, 5, 5), num_labelled=0),
            person(4, 1, (60, 0, 5, 5), iscrowd=1),
        ]
        pred = ceiling_predictions(people)
        np.testing.assert_allclose(pred.scores, [1.0, 9 / 25])
        result = evaluate_boxes(ground_truth_boxes(people), pred).subsets['All']
        assert (result.num_gt, result.num_matched) == (3, 1)

    def test_nobody(self) -> None:
        """No annotations, no predictions."""
        assert len(ceiling_predictions([]).scores) == 0
