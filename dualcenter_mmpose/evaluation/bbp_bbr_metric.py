"""The registered metric of box precision (BBP) and box recall (BBR).

It reads data samples and configuration; the arithmetic is in
:mod:`dualcenter_mmpose.evaluation.bbp_bbr`.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.fileio import get_local_path
from mmengine.logging import MessageHub, print_log
from mmpose.registry import METRICS

from dualcenter_mmpose.coco.annotation_checks import load_coco_annotations
from dualcenter_mmpose.evaluation.bbp_bbr import SCORE_LEVELS, evaluate_boxes
from dualcenter_mmpose.evaluation.bbp_bbr_report import (
    AREA_SOURCE_NAMES,
    evaluation_to_dict,
    format_table,
)
from dualcenter_mmpose.evaluation.box_types import BoxEvaluation, GroundTruth, Predictions
from dualcenter_mmpose.evaluation.coco_boxes import (
    AREA_SOURCES,
    check_area_source,
    ground_truth_boxes,
    person_category_id,
)
from dualcenter_mmpose.evaluation.sample_boxes import (
    has_pose_scores,
    join_ground_truth,
    join_predictions,
    read_annotations,
    read_predictions,
    sample_key,
)
from dualcenter_mmpose.utils.files import write_json

SCORE_MODES = ('bbox', 'keypoint')
"""What ranks the poses: their own score or their mean keypoint score."""


@dataclass(frozen=True)
class _FileTruth:
    """Ground truth of an annotation file, by area source."""

    ann_file: str
    image_ids: frozenset[int]
    by_source: dict[str, GroundTruth]


@dataclass(frozen=True)
class _Record:
    """What is kept of one data sample.

    The truth is by area source; None if an annotation file has it.
    """

    key: tuple[int, ...]
    predictions: Predictions
    truth: dict[str, GroundTruth] | None


@METRICS.register_module()
class BBPBBRMetric(BaseMetric):
    """Box average precision (BBP) and box recall (BBR) of predicted poses.

    A pose's box is the tight box of its present keypoints; ground truth is every instance box, with or
    without keypoints. Result keys are ``bbox/BBP``, ``bbox/BBP (S)``, ``bbox/BBP (M)``,
    ``bbox/BBP (L)`` and the same for ``BBR``. Values lie in [0, 1], as those of ``CocoMetric`` do,
    and are -1 where a subset holds no instance. The log shows a table with the counts of every
    subset, and plain precision and recall, in percent.

    Args:
        ann_file: COCO annotation file. Without it the ground truth is the annotation file of the
            test data set or, where that is not known, the ``raw_ann_info`` of the data samples.
        area_source: size that decides on S, M and L: ``'tool'`` the annotated area, ``'bbox'`` the
            box area, ``'both'`` gives the subset keys of ``'tool'`` and, beside them, those of the
            box area as ``BBP (S, bbox)`` and so on.
        use_area: whether ``'tool'`` reads the annotations' ``area``; False takes 0.53 of the box
            area. None decides by the data: False for CrowdPose, True otherwise.
        score_mode: ``'bbox'`` ranks poses by ``bbox_scores`` (their mean keypoint score where a
            model gives none, with a warning), ``'keypoint'`` by their mean keypoint score.
        keypoint_thr: keypoints scoring no more than this take no part in the box.
        iou_thr: least IoU of a match.
        max_detections: poses used per image, best scores first.
        score_levels: scores at which plain precision and recall are logged.
        outfile_prefix: writes the numbers, in percent, to ``{outfile_prefix}.bbp_bbr.json``.
        collect_device: see ``BaseMetric``.
        prefix: likewise.
        collect_dir: likewise.

    Raises:
        ValueError: if an option is unknown or the annotation file is unusable.
    """

    default_prefix = 'bbox'

    def __init__(
        self,
        ann_file: str | None = None,
        area_source: str = 'both',
        use_area: bool | None = None,
        score_mode: str = 'bbox',
        keypoint_thr: float = 0.0,
        iou_thr: float = 0.5,
        max_detections: int = 100,
        score_levels: Sequence[float] = SCORE_LEVELS,
        outfile_prefix: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        check_area_source(area_source, (*AREA_SOURCES, 'both'))
        if score_mode not in SCORE_MODES:
            raise ValueError(f'score_mode must be one of {list(SCORE_MODES)}, but is {score_mode!r}')
        self.area_sources = AREA_SOURCES if area_source == 'both' else (area_source,)
        self.use_area = use_area
        self.score_mode = score_mode
        self.keypoint_thr = keypoint_thr
        self.iou_thr = iou_thr
        self.max_detections = max_detections
        self.score_levels = tuple(score_levels)
        self.outfile_prefix = outfile_prefix
        self.ann_file = ann_file
        self._file_truth = None if ann_file is None else self._load_truth(ann_file)
        self._has_warned_of_scores = False
        self._expected_size = 0

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """Meta information of the data set; setting it finds the set's annotation file."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any]) -> None:
        self._dataset_meta = dataset_meta
        if self.ann_file is None:
            key = f'{dataset_meta.get("dataset_name")}_ann_file'
            # MMPose's data sets leave the path there in test mode.
            ann_file = MessageHub.get_current_instance().get_info(key, None)
            self._file_truth = self._load_truth(ann_file) if ann_file else None

    def _load_truth(self, ann_file: str) -> _FileTruth:
        """Return the ground truth of an annotation file."""
        with get_local_path(ann_file) as path:
            checked = load_coco_annotations(path)
        person = person_category_id(checked.categories)
        people = [a for a in checked.annotations if a['category_id'] == person]
        image_ids = frozenset(image['id'] for image in checked.images)
        return _FileTruth(ann_file, image_ids, self._truth_of(people, checked.is_crowdpose))

    def _truth_of(self, annotations: Sequence[Mapping[str, Any]], is_crowdpose: bool) -> dict[str, GroundTruth]:
        """Return ground truth by area source."""
        use_area = not is_crowdpose if self.use_area is None else self.use_area
        return {s: ground_truth_boxes(annotations, s, use_area) for s in self.area_sources}

    def process(self, data_batch: object, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep the boxes and scores of a batch; the data samples stay as they are.

        Args:
            data_batch: not used.
            data_samples: see :func:`~dualcenter_mmpose.evaluation.sample_boxes.read_predictions`;
                without an annotation file they also need ``raw_ann_info``.

        Raises:
            KeyError: if a data sample lacks what is needed.
        """
        for sample in data_samples:
            if self.score_mode == 'bbox' and not has_pose_scores(sample):
                self._warn_of_missing_scores()
            use_pose_scores = self.score_mode == 'bbox'
            truth = None
            if self._file_truth is None:
                truth = self._truth_of(read_annotations(sample), 'crowd_index' in sample)
            self.results.append(
                _Record(
                    sample_key(sample),
                    read_predictions(sample, use_pose_scores, self.keypoint_thr),
                    truth,
                )
            )

    def _warn_of_missing_scores(self) -> None:
        """Say once that keypoint scores stand in for pose scores."""
        if not self._has_warned_of_scores:
            self._has_warned_of_scores = True
            _warn(
                "the predictions have no 'bbox_scores', so poses are ranked by their mean keypoint "
                "score; score_mode='keypoint' asks for that without this warning"
            )

    def evaluate(self, size: int) -> dict[str, float]:
        """Return the numbers of the whole data set.

        Args:
            size: samples that the data set holds.
        """
        self._expected_size = size
        # The base class cuts what the processes send to the data set's size, by position, which is
        # right for some samplers only. Here everything is collected and repetitions go by their
        # key.
        metrics: dict[str, float] = super().evaluate(sys.maxsize)
        return metrics

    def compute_metrics(self, results: list[_Record]) -> dict[str, float]:
        """Return result keys and values from the records of all processes.

        Raises:
            ValueError: if predictions belong to images that the annotation file does not list.
        """
        records = list({record.key: record for record in results}.values())
        self._check_coverage(records)
        predictions = join_predictions([record.predictions for record in records])
        evaluations = {
            source: evaluate_boxes(
                self._joined_truth(records, source),
                predictions,
                iou_thr=self.iou_thr,
                max_detections=self.max_detections,
                score_levels=self.score_levels,
            )
            for source in self.area_sources
        }
        for source, evaluation in evaluations.items():
            title = f'{type(self).__name__}: percent, {AREA_SOURCE_NAMES[source]}'
            print_log(format_table(evaluation, title), logger='current')
        if self.outfile_prefix is not None:
            tables = {source: evaluation_to_dict(e) for source, e in evaluations.items()}
            out = Path(f'{self.outfile_prefix}.bbp_bbr.json')
            out.parent.mkdir(parents=True, exist_ok=True)
            write_json(out, tables)
        return _name_results(evaluations)

    def _joined_truth(self, records: Sequence[_Record], source: str) -> GroundTruth:
        """Return the ground truth of the whole data set for one area source."""
        if self._file_truth is not None:
            return self._file_truth.by_source[source]
        return join_ground_truth([r.truth[source] for r in records if r.truth is not None])

    def _check_coverage(self, records: Sequence[_Record]) -> None:
        """Compare the images that arrived with those expected.

        Raises:
            ValueError: if an image is not in the annotation file.
        """
        if len(records) < self._expected_size:
            _warn(f'{len(records)} of {self._expected_size} samples arrived; the others are missing')
        if self._file_truth is None:
            return
        arrived = {record.key[0] for record in records}
        unknown = sorted(arrived - self._file_truth.image_ids)
        if unknown:
            raise ValueError(
                f'{len(unknown)} images of the predictions are not in '
                f"'{self._file_truth.ann_file}' (first ids: {unknown[:5]}): give the metric the "
                "'ann_file' of the test data set"
            )
        num_left = len(self._file_truth.image_ids - arrived)
        if num_left:
            _warn(
                f'{num_left} of {len(self._file_truth.image_ids)} images of '
                f"'{self._file_truth.ann_file}' were not tested; their persons count as missed"
            )


def _warn(message: str) -> None:
    print_log(f'{BBPBBRMetric.__name__}: {message}', logger='current', level=logging.WARNING)


def _name_results(evaluations: Mapping[str, BoxEvaluation]) -> dict[str, float]:
    """Return result keys and values; subset keys of a second area source carry its name."""
    named: dict[str, float] = {}
    for rank, (source, evaluation) in enumerate(evaluations.items()):
        for metric in ('bbp', 'bbr'):
            for subset, result in evaluation.subsets.items():
                qualifiers = [] if subset == 'All' else [subset]
                if rank > 0 and qualifiers:
                    qualifiers.append(source)
                suffix = f' ({", ".join(qualifiers)})' if qualifiers else ''
                value = getattr(result, metric)
                # -1 for a number that is not defined is pycocotools' and CocoMetric's convention.
                named[metric.upper() + suffix] = -1.0 if math.isnan(value) else value
    return named
