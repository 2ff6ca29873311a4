"""Evaluation: ``BBPBBRMetric`` against ``pycocotools`` (``COCOeval``, boxes, IoU 0.5, 100 detections, one category).

Both sides get the same boxes and must give the same numbers before anything is timed. ``pycocotools`` is given every
shortcut that leaves its numbers alone: its ground truth is indexed beforehand, its results are loaded once for both
area sources, and it is never asked for its summary.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable
from unittest import mock

import numpy as np
from mmpose.evaluation.metrics import CocoMetric
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from benchmarks.metric_data import Annotation, make_annotations, make_content, make_samples
from dualcenter_mmpose.evaluation import bbp_bbr_metric
from dualcenter_mmpose.evaluation.bbp_bbr import evaluate_boxes
from dualcenter_mmpose.evaluation.bbp_bbr_metric import BBPBBRMetric
from dualcenter_mmpose.evaluation.box_types import PAPER_SUBSETS, GroundTruth, Predictions
from dualcenter_mmpose.evaluation.coco_boxes import AREA_SOURCES, ground_truth_boxes
from dualcenter_mmpose.evaluation.sample_boxes import join_predictions
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns

IMAGES, PEOPLE, PREDICTIONS = 5_000, 11_000, 100_000
"""COCO's val2017 in round numbers, and 20 predictions an image."""
TOLERANCE = 1e-9
"""Greatest difference between both sides' numbers."""

Numbers = dict[str, tuple[float, float]]
"""BBP and BBR by area source and subset."""


@dataclass(frozen=True)
class _Boxes:
    """The same boxes as both sides want them."""

    truths: Mapping[str, GroundTruth]  # by area source
    predictions: Predictions
    indexed: Mapping[str, COCO]  # by area source
    rows: list[dict[str, Any]]  # of a result file


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return the timings of evaluation; everything runs on the CPU, whatever the device.

    Args:
        device: not used.
        repeats: counted rounds; a third of them, as each takes seconds.

    Raises:
        ValueError: if both sides' numbers differ.
    """
    rng = np.random.default_rng(0)
    annotations = make_annotations(rng, IMAGES, PEOPLE)
    samples = [sample.to_dict() for sample in make_samples(rng, annotations, IMAGES, PREDICTIONS)]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        ann_file = Path(folder) / 'annotations.json'
        ann_file.write_text(json.dumps(make_content(annotations, IMAGES)))
        metric = BBPBBRMetric(str(ann_file))
        _process(metric, samples)
        records = list(metric.results)
        boxes = _boxes_of_both(annotations, join_predictions([record.predictions for record in records]))
        check_equality(baseline_numbers(boxes.indexed, _load(boxes)), our_numbers(boxes.truths, boxes.predictions))
        methods = {
            'annotation file to ground truth': _reading(str(ann_file)),
            f'keeping {IMAGES} data samples': _keeping(str(ann_file), samples),
            'boxes to numbers': _computing(boxes),
            'kept records to numbers': _finishing(boxes, lambda: metric.compute_metrics(records)),
        }
        title = f'{IMAGES} images, {PEOPLE} boxes, {PREDICTIONS} predictions, both area sources, four subsets'
        rounds = max(repeats // 3, 1)
        return {f'{title}: {name}': time_in_turns(baselines, rounds) for name, baselines in methods.items()}


def _reading(ann_file: str) -> dict[str, Callable[[], Any]]:
    return {
        'pycocotools: COCO(), createIndex() included': lambda: COCO(ann_file),
        'BBPBBRMetric(), which also checks the file': lambda: BBPBBRMetric(ann_file),
    }


def _keeping(ann_file: str, samples: Sequence[Mapping[str, Any]]) -> dict[str, Callable[[], Any]]:
    baselines = CocoMetric(ann_file, score_mode='bbox', nms_mode='none')
    ours = BBPBBRMetric(ann_file)
    return {
        "mmpose's CocoMetric.process()": lambda: _process(baselines, samples),
        'BBPBBRMetric.process()': lambda: _process(ours, samples),
    }


def _computing(boxes: _Boxes) -> dict[str, Callable[[], Any]]:
    found = _load(boxes)
    return {
        'pycocotools: evaluate(), accumulate()': lambda: baseline_numbers(boxes.indexed, found),
        'evaluate_boxes()': lambda: our_numbers(boxes.truths, boxes.predictions),
    }


def _finishing(boxes: _Boxes, compute: Callable[[], Any]) -> dict[str, Callable[[], Any]]:
    return {
        'pycocotools: loadRes(), evaluate(), accumulate()': lambda: baseline_numbers(boxes.indexed, _load(boxes)),
        'of that, loadRes(), createIndex() included': lambda: _load(boxes),
        'BBPBBRMetric.compute_metrics(), table included': compute,
    }


def _process(metric: Any, samples: Sequence[Mapping[str, Any]]) -> None:
    """Feed a metric image by image, as testing does."""
    metric.results.clear()
    for sample in samples:
        metric.process(None, [sample])


def _boxes_of_both(annotations: Sequence[Annotation], predictions: Predictions) -> _Boxes:
    columns = (predictions.image_ids.tolist(), predictions.boxes.tolist(), predictions.scores.tolist())
    rows = [dict(image_id=image, category_id=1, bbox=box, score=score) for image, box, score in zip(*columns)]
    truths = {source: ground_truth_boxes(annotations, source) for source in AREA_SOURCES}
    indexed = {source: _index(annotations, truth) for source, truth in truths.items()}
    return _Boxes(truths, predictions, indexed, rows)


def _index(annotations: Sequence[Annotation], truth: GroundTruth) -> COCO:
    coco = COCO()
    coco.dataset = make_content([{**a, 'area': size} for a, size in zip(annotations, truth.areas.tolist())], IMAGES)
    coco.createIndex()
    return coco


def _load(boxes: _Boxes) -> COCO:
    """Return the predictions as ``pycocotools`` keeps them; they are the same for all area sources."""
    return next(iter(boxes.indexed.values())).loadRes(boxes.rows)


def our_numbers(truths: Mapping[str, GroundTruth], predictions: Predictions) -> Numbers:
    """Return BBP and BBR of every area source and subset."""
    numbers = {}
    for source, truth in truths.items():
        for name, result in evaluate_boxes(truth, predictions).subsets.items():
            numbers[f'{name}, {source}'] = (result.bbp, result.bbr)
    return numbers


def baseline_numbers(indexed: Mapping[str, COCO], found: COCO) -> Numbers:
    """Return the same from ``pycocotools``, -1 where there is no ground truth."""
    numbers = {}
    for source, coco in indexed.items():
        evaluation = COCOeval(coco, found, 'bbox')
        evaluation.params.iouThrs, evaluation.params.maxDets = np.array([0.5]), [100]
        # Its ranges hold both their ends, ours only the upper one.
        evaluation.params.areaRng = [[np.nextafter(s.above, np.inf), s.up_to] for s in PAPER_SUBSETS]
        evaluation.params.areaRngLbl = [s.name for s in PAPER_SUBSETS]
        evaluation.evaluate()
        evaluation.accumulate()
        precision, recall = evaluation.eval['precision'], evaluation.eval['recall']
        for idx, subset in enumerate(PAPER_SUBSETS):
            numbers[f'{subset.name}, {source}'] = (
                float(precision[0, :, 0, idx, 0].mean()),
                float(recall[0, 0, idx, 0]),
            )
    return numbers


def check_equality(theirs: Numbers, ours: Numbers) -> None:
    """Compare both sides.

    Raises:
        ValueError: if a number differs by more than :data:`TOLERANCE`, or one side has another subset.
    """
    for name in {**theirs, **ours}:
        nan = (float('nan'),) * 2
        their, our = theirs.get(name, nan), ours.get(name, nan)
        if not np.allclose(their, our, rtol=0, atol=TOLERANCE):
            raise ValueError(f'BBP and BBR ({name}) are {our}, but {their} by pycocotools: this is not worth timing')


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what both sides print, and the metric's own table, from the console."""
    with mock.patch.object(bbp_bbr_metric, 'print_log'), contextlib.redirect_stdout(io.StringIO()):
        yield
