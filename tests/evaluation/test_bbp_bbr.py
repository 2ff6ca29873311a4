from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from dualcenter_mmpose.evaluation.bbp_bbr import (
    average_precision,
    best_f1_point,
    evaluate_boxes,
    operating_point,
)
from dualcenter_mmpose.evaluation.box_types import (
    PAPER_SUBSETS,
    AreaSubset,
    GroundTruth,
    Predictions,
    SubsetResult,
)
from tests.reference.bbp_bbr import loop_numbers, pycocotools_numbers, random_scene

ALL = (AreaSubset('All', -np.inf, np.inf),)


def truth(
    *rows: tuple[int, list[float]], areas: Sequence[float] | None = None, crowd: Sequence[int] = ()
) -> GroundTruth:
    """Return ground truth from (image, box) rows; areas default to those of the boxes."""
    boxes = np.array([box for _, box in rows], dtype=float).reshape(-1, 4)
    return GroundTruth(
        np.array([image for image, _ in rows], dtype=np.int64),
        boxes,
        boxes[:, 2] * boxes[:, 3] if areas is None else np.array(areas, dtype=float),
        np.isin(np.arange(len(rows)), crowd),
    )


def found(*rows: tuple[int, list[float], float]) -> Predictions:
    """Return predictions from (image, box, score) rows."""
    return Predictions(
        np.array([image for image, _, _ in rows], dtype=np.int64),
        np.array([box for _, box, _ in rows], dtype=float).reshape(-1, 4),
        np.array([score for _, _, score in rows], dtype=float),
    )


def overall(gt: GroundTruth, pred: Predictions, **options: float) -> SubsetResult:
    """Return the numbers over all sizes."""
    return evaluate_boxes(gt, pred, subsets=ALL, **options).subsets['All']


BOX = [0.0, 0.0, 10.0, 10.0]
FAR = [500.0, 0.0, 10.0, 10.0]


class TestEdges:
    """Nothing, no people, no predictions, bad values."""

    def test_nothing_at_all_is_undefined(self) -> None:
        """Without ground truth neither number exists."""
        result = overall(truth(), found())
        assert math.isnan(result.bbp)
        assert math.isnan(result.bbr)
        assert result.num_gt == result.num_predictions == 0

    def test_no_prediction_gives_zero(self) -> None:
        """People, but no predictions: both numbers are 0."""
        result = overall(truth((1, BOX)), found())
        assert (result.bbp, result.bbr, result.num_gt) == (0.0, 0.0, 1)

    def test_no_person_leaves_false_positives_counted(self) -> None:
        """Predictions in a data set without people are counted, the numbers undefined."""
        result = overall(truth(), found((1, BOX, 0.5)))
        assert math.isnan(result.bbp)
        assert (result.num_predictions, result.num_matched) == (1, 0)

    def test_perfect_predictions_give_one(self) -> None:
        """Boxes equal to the ground truth reach 1 in both numbers."""
        result = overall(truth((1, BOX), (2, FAR)), found((1, BOX, 0.1), (2, FAR, 0.9)))
        assert result.bbp == pytest.approx(1.0, abs=1e-12)
        assert result.bbr == 1.0

    def test_zero_extent_prediction_is_false(self) -> None:
        """A pose of one joint has a box of no area: it matches nobody and counts as false."""
        result = overall(truth((1, BOX)), found((1, [5, 5, 0, 0], 0.5)))
        assert (result.num_predictions, result.num_matched) == (1, 0)

    @pytest.mark.parametrize('bad', [np.nan, np.inf])
    def test_values_that_are_not_finite_are_refused(self, bad: object) -> None:
        """The message names the array and the row."""
        with pytest.raises(ValueError, match=r'pred_scores must be finite.*row 1'):
            overall(truth((1, BOX)), found((1, BOX, 0.5), (1, FAR, bad)))
        with pytest.raises(ValueError, match=r'gt_boxes must be finite.*row 0'):
            overall(truth((1, [bad, 0, 1, 1])), found())

    @pytest.mark.parametrize('iou_thr', [0.0, -0.5, 1.01])
    def test_threshold_out_of_range_is_refused(self, iou_thr: float) -> None:
        """A threshold of 0 would match boxes that do not touch."""
        with pytest.raises(ValueError, match='iou_thr must lie in'):
            overall(truth((1, BOX)), found(), iou_thr=iou_thr)


class TestByHand:
    """Scenes small enough to work out."""

    def test_two_images(self) -> None:
        """Hit 0.9, miss 0.8, hit 0.7 on two persons.

        Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: the 51 levels up to 0.5 read 1, the other 50
        read 2/3.
        """
        result = overall(truth((1, BOX), (2, BOX)), found((1, BOX, 0.9), (2, FAR, 0.8), (2, BOX, 0.7)))
        assert result.bbp == pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-12)
        assert result.bbr == 1.0

    def test_second_prediction_of_one_person_is_false(self) -> None:
        """Matching is one-to-one: precision 1, 1/2 at recall 1."""
        result = overall(truth((1, BOX)), found((1, BOX, 0.9), (1, BOX, 0.8)))
        assert (result.num_predictions, result.num_matched) == (2, 1)
        assert result.bbp == pytest.approx(1.0, abs=1e-12)

    def test_other_image_does_not_match(self) -> None:
        """The same box in another image finds nobody."""
        assert overall(truth((1, BOX)), found((2, BOX, 0.9))).bbr == 0.0

    def test_iou_threshold_is_inclusive(self) -> None:
        """Boxes 10 x 10 and 10 x 5 share 50 of 100 px: IoU 0.5 exactly."""
        half = found((1, [0, 0, 10, 5], 0.9))
        assert overall(truth((1, BOX)), half).bbr == 1.0
        assert overall(truth((1, BOX)), half, iou_thr=0.5001).bbr == 0.0

    def test_of_equal_overlaps_the_later_person_is_taken(self) -> None:
        """Shifted by 4 px, two people overlap the middle equally; the later one is then gone.

        That is pycocotools' choice, and the second prediction, exactly on the later person (IoU
        60 / 140 with the other), finds nobody.
        """
        gt = truth((1, BOX), (1, [4, 0, 10, 10]))
        pred = found((1, [2, 0, 10, 10], 0.9), (1, [4, 0, 10, 10], 0.8))
        assert overall(gt, pred).num_matched == 1
        (theirs,) = pycocotools_numbers(gt, pred, [(0, math.inf)], [1])
        assert overall(gt, pred).bbr == theirs.bbr == 0.5

    def test_surplus_predictions_are_not_used(self) -> None:
        """Of two predictions in an image only the better one is used if one is allowed."""
        pred = found((1, BOX, 0.2), (1, FAR, 0.9))
        evaluation = evaluate_boxes(truth((1, BOX)), pred, subsets=ALL, max_detections=1)
        assert evaluation.subsets['All'].bbr == 0.0
        assert (evaluation.num_surplus, evaluation.num_predictions) == (1, 2)

    def test_crowd_region_absorbs_predictions(self) -> None:
        """Predictions inside a crowd region are dropped, however many; the region is no person."""
        gt = truth((1, BOX), (1, [100, 100, 50, 50]), crowd=[1])
        pred = found((1, [100, 100, 5, 5], 0.9), (1, [120, 120, 5, 5], 0.8), (1, BOX, 0.7))
        result = overall(gt, pred)
        assert (result.num_gt, result.num_predictions, result.num_matched) == (1, 1, 1)

    def test_half_inside_a_crowd_region_is_absorbed(self) -> None:
        """The overlap with a crowd region is measured over the prediction's own area."""
        gt = truth((1, [0, 0, 100, 100]), crowd=[0])
        assert overall(gt, found((1, [-5, 0, 10, 10], 0.9))).num_predictions == 0
        assert overall(gt, found((1, [-6, 0, 10, 10], 0.9))).num_predictions == 1


class TestSubsets:
    """Small, medium and large people."""

    BORDERS = ((64.0, 'S'), (64.01, 'M'), (128.0, 'M'), (128.01, 'L'))

    @pytest.mark.parametrize(('side', 'name'), BORDERS)
    def test_borders_are_half_open(self, side: float, name: str) -> None:
        """(0, 64^2], (64^2, 128^2], above: an area on the border is in the lower subset."""
        evaluation = evaluate_boxes(truth((1, [0, 0, side, side])), found())
        counts = {key: result.num_gt for key, result in evaluation.subsets.items()}
        assert counts == {'All': 1, **{key: int(key == name) for key in 'SML'}}

    def test_subsets_add_up(self) -> None:
        """Every person is in exactly one of S, M and L, one without extent included."""
        gt = truth((1, BOX), (1, [0, 0, 0, 9]), (2, [0, 0, 100, 100]), (3, [0, 0, 300, 300]))
        subsets = evaluate_boxes(gt, found()).subsets
        assert [subsets[name].num_gt for name in ('All', 'S', 'M', 'L')] == [4, 2, 1, 1]

    def test_unmatched_prediction_counts_by_its_own_size(self) -> None:
        """A false 10 x 10 box is an error among the small ones alone."""
        gt = truth((1, [0, 0, 100, 100]), (1, [300, 0, 20, 20]))
        subsets = evaluate_boxes(gt, found((1, FAR, 0.5))).subsets
        assert [subsets[name].num_predictions for name in 'SML'] == [1, 0, 0]

    def test_match_of_another_size_is_dropped(self) -> None:
        """A prediction on a large person is no error among the small, whatever its own size."""
        gt = truth((1, [0, 0, 80, 80]), (1, [300, 0, 20, 20]))
        subsets = evaluate_boxes(gt, found((1, [0, 0, 60, 60], 0.5))).subsets
        assert subsets['M'].num_matched == 1
        assert subsets['S'].num_predictions == 0

    def test_size_comes_from_the_area_not_the_box(self) -> None:
        """A 100 x 100 box annotated with 4000 px is small."""
        subsets = evaluate_boxes(truth((1, [0, 0, 100, 100]), areas=[4000]), found()).subsets
        assert (subsets['S'].num_gt, subsets['M'].num_gt) == (1, 0)

    def test_recall_is_the_weighted_mean_of_subsets(self) -> None:
        """Found 1 of 2 small, 1 of 1 large: 2 of 3 overall."""
        gt = truth((1, BOX), (2, BOX), (3, [0, 0, 300, 300]))
        subsets = evaluate_boxes(gt, found((1, BOX, 0.9), (3, [0, 0, 300, 300], 0.8))).subsets
        assert [subsets[n].bbr for n in ('All', 'S', 'L')] == [2 / 3, 0.5, 1.0]
        assert math.isnan(subsets['M'].bbr)


class TestOperatingPoints:
    """Plain precision, recall and F1."""

    SCENE = (
        truth((1, BOX), (2, BOX), (3, BOX), (4, BOX)),
        found((1, BOX, 0.9), (2, FAR, 0.3), (2, BOX, 0.2), (3, FAR, 0.08), (3, FAR, 0.04)),
    )

    def test_precision_and_recall_at_scores(self) -> None:
        """Used at 0.05, 0.1, 0.3: four, three, two, of which two, two, one hit; four persons."""
        points = overall(*self.SCENE).at_scores
        assert [p.score for p in points] == [0.05, 0.1, 0.3]
        assert [p.precision for p in points] == [2 / 4, 2 / 3, 1 / 2]
        assert [p.recall for p in points] == [2 / 4, 2 / 4, 1 / 4]

    def test_best_f1(self) -> None:
        """F1 = 2 hits / (used + persons): 2/5, 2/6, 4/7, 4/8, 4/9; the best is at score 0.2."""
        best = overall(*self.SCENE).best_f1
        assert (best.score, best.f1) == (0.2, 4 / 7)
        assert (best.precision, best.recall) == (2 / 3, 2 / 4)

    def test_best_f1_keeps_equal_scores_together(self) -> None:
        """A hit and a miss of equal score cannot be told apart by any threshold: F1 = 2/3."""
        scores = np.array([0.5, 0.5])
        best = best_f1_point(scores, np.array([True, False]), 1)
        assert (best.score, best.f1) == (0.5, 2 / 3)

    def test_without_predictions(self) -> None:
        """Precision is not defined, recall and F1 are 0, no score is best."""
        best = best_f1_point(np.zeros(0), np.zeros(0, bool), 3)
        assert math.isnan(best.score)
        assert math.isnan(best.precision)
        assert (best.recall, best.f1) == (0.0, 0.0)

    def test_without_people(self) -> None:
        """Recall and F1 are not defined."""
        point = operating_point(0.1, num_used=2, num_matched=0, num_gt=0)
        assert point.precision == 0.0
        assert math.isnan(point.recall)
        assert math.isnan(point.f1)


class TestAveragePrecision:
    """The interpolated average alone."""

    def test_by_hand(self) -> None:
        """Miss then hit on one person: precision 1/2 at every recall level."""
        assert average_precision(np.array([False, True]), 1) == pytest.approx(0.5, abs=1e-12)

    def test_missed_person_leaves_levels_at_zero(self) -> None:
        """One of two persons found: precision 1 up to recall 0.5, 51 of 101 levels."""
        assert average_precision(np.array([True]), 2) == pytest.approx(51 / 101, abs=1e-12)

    def test_no_predictions(self) -> None:
        """Nothing found is 0, nobody to be found is undefined."""
        assert average_precision(np.zeros(0, bool), 2) == 0.0
        assert math.isnan(average_precision(np.zeros(0, bool), 0))


class TestAgainstOracles:
    """Random scenes against two other implementations."""

    RANGES = (
        (-math.inf, math.inf),
        (-math.inf, 64.0**2),
        # pycocotools' ranges include both ends, ours exclude the lower one.
        (np.nextafter(64.0**2, math.inf), 128.0**2),
        (np.nextafter(128.0**2, math.inf), math.inf),
    )

    @pytest.mark.parametrize('iou_thr', [0.5, 0.75, 1.0])
    @pytest.mark.parametrize('seed', range(60))
    def test_equals_pycocotools(self, seed: int, iou_thr: float) -> None:
        """Crowds, ties, borders, empty images: equal to 1e-9 in every subset."""
        gt, pred, image_ids = random_scene(seed)
        options = {'iou_thr': iou_thr, 'max_detections': 5}
        ours = evaluate_boxes(gt, pred, **options).subsets
        theirs = pycocotools_numbers(gt, pred, self.RANGES, image_ids, **options)
        for subset, numbers in zip(PAPER_SUBSETS, theirs):
            result = ours[subset.name]
            received = (result.bbp, result.bbr, result.num_gt)
            np.testing.assert_allclose(received, numbers, rtol=0, atol=1e-9, err_msg=subset.name)

    @pytest.mark.parametrize('seed', range(100, 115))
    def test_equals_plain_loops(self, seed: int) -> None:
        """The definition, prediction by prediction, gives the same numbers."""
        gt, pred, _ = random_scene(seed)
        ours = evaluate_boxes(gt, pred).subsets
        for subset in PAPER_SUBSETS:
            result = ours[subset.name]
            received = (result.bbp, result.bbr, result.num_gt)
            expected = loop_numbers(gt, pred, subset)
            np.testing.assert_allclose(received, expected, rtol=0, atol=1e-9, err_msg=subset.name)

    def test_scenes_hold_what_they_promise(self) -> None:
        """The random scenes do contain crowds, score ties, areas on borders and empty images."""
        scenes = [random_scene(seed) for seed in range(60)]
        assert sum(gt.is_crowd.sum() for gt, _, _ in scenes) > 50
        assert sum((gt.areas == 64.0**2).sum() for gt, _, _ in scenes) > 20
        assert sum(len(pred.scores) - len(set(pred.scores)) for _, pred, _ in scenes) > 500
        assert any(set(ids) - set(gt.image_ids) - set(pred.image_ids) for gt, pred, ids in scenes)
        assert any(len(gt.areas) == 0 for gt, _, _ in scenes)


class TestLaws:
    """What holds for every scene."""

    def test_order_of_images_and_people_does_not_matter(self) -> None:
        """Shuffling all rows changes nothing as long as no scores and no overlaps are equal."""
        gt, pred, _ = random_scene(7)
        rng = np.random.default_rng(0)
        boxes = gt.boxes + rng.uniform(0, 0.01, gt.boxes.shape)
        gt = GroundTruth(gt.image_ids, boxes, gt.areas, gt.is_crowd)
        scores = rng.permutation(len(pred.scores)) * 0.01
        pred = Predictions(pred.image_ids, pred.boxes, scores)
        plain = evaluate_boxes(gt, pred)
        shuffled = evaluate_boxes(gt.take(rng.permutation(len(gt.areas))), pred.take(rng.permutation(len(scores))))
        assert plain.subsets['All'].num_matched > 3
        assert shuffled == plain

    @pytest.mark.parametrize('seed', range(10))
    def test_precision_stays_below_recall(self, seed: int) -> None:
        """An interpolated AP is bounded by recall, up to the one level that recall 0 adds."""
        for result in evaluate_boxes(*random_scene(seed)[:2]).subsets.values():
            if result.num_gt:
                assert result.bbp <= result.bbr + 1 / 101

    def test_scores_matter_by_rank_alone(self) -> None:
        """Scores far outside [0, 1] give the same numbers."""
        gt, pred, _ = random_scene(3)
        scaled = Predictions(pred.image_ids, pred.boxes, pred.scores * 400 + 1000)
        assert evaluate_boxes(gt, scaled).subsets['All'].bbp == pytest.approx(
            evaluate_boxes(gt, pred).subsets['All'].bbp, abs=1e-12
        )

    def test_arguments_are_not_modified(self) -> None:
        """All arrays keep their values."""
        gt, pred, _ = random_scene(5)
        before = [a.copy() for a in (gt.boxes, gt.areas, pred.boxes, pred.scores, pred.image_ids)]
        evaluate_boxes(gt, pred)
        after = [gt.boxes, gt.areas, pred.boxes, pred.scores, pred.image_ids]
        for old, new in zip(before, after):
            np.testing.assert_array_equal(old, new)
