from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from dualcenter_mmpose.evaluation import box_matching
from dualcenter_mmpose.evaluation.box_matching import (
    Pairs,
    box_overlaps,
    match_predictions,
    overlapping_pairs,
)
from tests.reference.bbp_bbr import random_scene


def pairs(*entries: tuple[int, int]) -> Pairs:
    """Return pairs from (prediction, ground truth) indices."""
    idx = np.array(entries, dtype=np.int64).reshape(-1, 2)
    return Pairs(idx[:, 0], idx[:, 1])


class TestBoxOverlaps:
    """IoU, and the share inside a crowd region."""

    def test_by_hand(self) -> None:
        """Apart, touching, half shared, equal, without extent."""
        gt = np.tile([0.0, 0.0, 10.0, 10.0], (5, 1))
        pred = np.array([[20, 0, 5, 5], [10, 0, 5, 5], [5, 0, 10, 10], [0, 0, 10, 10], [5, 5, 0, 0]], float)
        expected = [0, 0, 50 / 150, 1, 0]
        np.testing.assert_array_equal(box_overlaps(pred, gt, np.zeros(5, bool)), expected)

    def test_crowd_is_measured_over_the_prediction(self) -> None:
        """A quarter of the 10 x 10 prediction lies inside the region."""
        pred, gt = np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 5, 100, 100]])
        np.testing.assert_array_equal(box_overlaps(pred, gt, np.array([True])), [0.25])

    def test_equals_pycocotools_bit_for_bit(self) -> None:
        """Random boxes, half of them crowd regions."""
        rng = np.random.default_rng(0)
        gt, pred = rng.uniform(0, 100, (2, 40, 4))
        crowd = rng.random(40) < 0.5
        theirs = coco_mask.iou(pred, gt, crowd.astype(np.uint8))
        np.testing.assert_array_equal(box_overlaps(pred, gt, crowd), np.diag(theirs))


class TestOverlappingPairs:
    """Which pairs may be matched."""

    def test_nothing(self) -> None:
        """No boxes, no pairs."""
        gt, pred, _ = random_scene(0)
        none = np.zeros(0, np.int64)
        assert len(overlapping_pairs(gt.take(none), pred, 0.5).gt_idx) == 0
        assert len(overlapping_pairs(gt, pred.take(none), 0.5).gt_idx) == 0

    def test_chunks_do_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A chunk of one pair gives the same pairs as one chunk for all."""
        gt, pred, _ = random_scene(2)
        gt = gt.take(np.argsort(gt.image_ids, kind='stable'))
        whole = overlapping_pairs(gt, pred, 0.5)
        monkeypatch.setattr(box_matching, '_PAIRS_PER_CHUNK', 1)
        parts = overlapping_pairs(gt, pred, 0.5)
        assert len(whole.gt_idx) > 3
        np.testing.assert_array_equal(whole.gt_idx, parts.gt_idx)
        np.testing.assert_array_equal(whole.prediction_idx, parts.prediction_idx)


class TestMatchPredictions:
    """Who gets whom."""

    NONE = np.zeros(3, bool)

    @pytest.mark.parametrize(
        ('entries', 'expected'),
        [
            ([], [-1, -1]),
            ([(0, 1)], [1, -1]),
            ([(0, 1), (1, 1)], [1, -1]),
            ([(0, 1), (0, 0), (1, 1), (1, 0)], [1, 0]),
        ],
    )
    def test_each_box_is_taken_once(self, entries: list[tuple[int, int]], expected: object) -> None:
        """No pair, one pair, baselines, second choice."""
        matched = match_predictions(pairs(*entries), self.NONE, self.NONE, 2)
        assert matched.tolist() == expected

    def test_counted_box_goes_first(self) -> None:
        """An ignored box of higher overlap stands back behind a counted one."""
        ignored = np.array([True, False, False])
        assert match_predictions(pairs((0, 0), (0, 1)), self.NONE, ignored, 1).tolist() == [1]

    def test_crowd_region_is_shared(self) -> None:
        """Both predictions go to the crowd region."""
        crowd = np.array([False, True, False])
        assert match_predictions(pairs((0, 1), (1, 1)), crowd, crowd, 2).tolist() == [1, 1]
