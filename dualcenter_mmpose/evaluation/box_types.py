"""What box evaluation takes and gives: plain arrays in frozen dataclasses.

Axis letters: N ground truth boxes, M predicted boxes. Boxes are (x, y, w, h), areas squared, in
image pixels. "Counted" boxes take part in a subset's numbers, the others are dropped from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class AreaSubset:
    """A half-open range of areas, (above, up_to].

    Attributes:
        name: key in every result.
        above: exclusive lower end, squared px.
        up_to: inclusive upper end, squared px.
    """

    name: str
    above: float
    up_to: float

    def contains(self, areas: FloatArray) -> BoolArray:
        """Return which areas, squared px, lie in the range."""
        return (areas > self.above) & (areas <= self.up_to)


PAPER_SUBSETS = (
    AreaSubset('All', -np.inf, np.inf),
    # The paper prints (0, 64^2]. Without a lower end a box of no extent is small too, so that the
    # three subsets always add up to All.
    AreaSubset('S', -np.inf, 64.0**2),
    AreaSubset('M', 64.0**2, 128.0**2),
    AreaSubset('L', 128.0**2, np.inf),
)
"""Subsets of the paper's Tables 1 and 2."""


@dataclass(frozen=True)
class GroundTruth:
    """Ground-truth instance boxes of a data set, in any order.

    Attributes:
        image_ids: (N,) image of each box.
        boxes: (N, 4) x, y, w, h in image px.
        areas: (N,) size that decides on the subset, squared px; need not be the box's area.
        is_crowd: (N,) True for regions in which instances are not told apart; never counted.
    """

    image_ids: IntArray
    boxes: FloatArray
    areas: FloatArray
    is_crowd: BoolArray

    def take(self, idx: IntArray) -> GroundTruth:
        """Return the boxes of the given indices, in their order."""
        return GroundTruth(self.image_ids[idx], self.boxes[idx], self.areas[idx], self.is_crowd[idx])


@dataclass(frozen=True)
class Predictions:
    """Predicted instance boxes of a data set, in any order.

    Attributes:
        image_ids: (M,) image of each box.
        boxes: (M, 4) x, y, w, h in image px.
        scores: (M,) confidence; any finite numbers, only levels and ties of it matter.
        num_without_box: poses left out because no keypoint of theirs is present.
    """

    image_ids: IntArray
    boxes: FloatArray
    scores: FloatArray
    num_without_box: int = 0

    def take(self, idx: IntArray) -> Predictions:
        """Return the boxes of the given indices, in their order."""
        return Predictions(self.image_ids[idx], self.boxes[idx], self.scores[idx], self.num_without_box)


@dataclass(frozen=True)
class OperatingPoint:
    """Plain precision and recall of all predictions down to one score.

    Attributes:
        score: predictions scoring at least this are used; NaN where there is none.
        precision: share of the used predictions that are matched; NaN where none is used.
        recall: share of the ground truth that is matched; NaN without ground truth.
        f1: harmonic mean of both; 0 where nothing is matched, NaN without ground truth.
    """

    score: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class SubsetResult:
    """Numbers of one area subset; ratios in [0, 1].

    Attributes:
        bbp: average precision; NaN without ground truth in the subset.
        bbr: recall of all predictions; NaN without ground truth in the subset.
        num_gt: counted ground truth boxes.
        num_predictions: counted predictions.
        num_matched: counted predictions that are matched.
        at_scores: one point per score level, in the order asked for.
        best_f1: the point of highest F1; the highest score among equals.
    """

    bbp: float
    bbr: float
    num_gt: int
    num_predictions: int
    num_matched: int
    at_scores: tuple[OperatingPoint, ...]
    best_f1: OperatingPoint


@dataclass(frozen=True)
class BoxEvaluation:
    """Result of :func:`evaluate_boxes`.

    Attributes:
        subsets: subset name -> numbers, in the order of the subsets given.
        num_gt: instance boxes that are no crowd region.
        num_crowd: crowd regions.
        num_predictions: predictions given.
        num_surplus: predictions beyond the best ``max_detections`` of their image, not used.
        num_without_box: poses that had no box and so are not among the predictions.
    """

    subsets: dict[str, SubsetResult]
    num_gt: int
    num_crowd: int
    num_predictions: int
    num_surplus: int
    num_without_box: int
