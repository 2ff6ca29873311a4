"""All accuracy numbers of one COCO keypoint results file, in percent; ``None`` where one is not defined.

AP is what ``CocoMetric`` prints of the same file, BBP and BBR what ``dualcenter score`` does.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from dualcenter_mmpose.evaluation.bbp_bbr_report import evaluation_to_dict
from dualcenter_mmpose.evaluation.coco_boxes import AREA_SOURCES
from dualcenter_mmpose.evaluation.results_scoring import ScoredFiles, read_files, score_results
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout

AP_NAMES = ('AP', 'AP .5', 'AP .75', 'AP (M)', 'AP (L)', 'AR', 'AR .5', 'AR .75', 'AR (M)', 'AR (L)')
CROWD_AP_NAMES = ('AP', 'AP .5', 'AP .75', 'AR', 'AR .5', 'AR .75', 'AP(E)', 'AP(M)', 'AP(H)')
"""Names of ``CocoMetric``."""
METAINFO = {
    num: dict(from_file=f'configs/_base_/datasets/{name}.py') for num, name in ((17, 'coco'), (14, 'crowdpose'))
}
"""Keypoints of a person -> whose OKS constants hold."""
CURVE_POINTS = 200
"""Most points of a curve; predictions of a data set have more scores than a picture has columns."""

Json = dict[str, Any]


def score_file(ann_file: str, results_file: str) -> Json:
    """AP, BBP and BBR by size under both area sources, and the curves of a results file; each file is read once.

    Raises:
        ValueError: if a file is unusable, or the keypoints are neither COCO's nor CrowdPose's.
    """
    files = read_files(ann_file, results_file)
    keypoints, curve = keypoint_precision(files)
    return dict(keypoints=keypoints, boxes=_boxes(files), curves=dict(keypoints=curve, boxes=box_curves(files)))


def score_ceiling(ann_file: str) -> Json:
    """BBP and BBR by area source of the labelled keypoints: what tight keypoint boxes can reach at most."""
    return _boxes(read_files(ann_file, None))


def _boxes(files: ScoredFiles) -> Json:
    return {source: evaluation_to_dict(score_results(files, area_source=source)) for source in AREA_SOURCES}


def keypoint_precision(files: ScoredFiles) -> tuple[Json, Json]:
    """AP and AR by name, and the precision-recall curve at OKS 0.5.

    Raises:
        ValueError: if the keypoints are neither COCO's nor CrowdPose's.
    """
    checked = files.checked
    kind = 'keypoints_crowd' if checked.is_crowdpose else 'keypoints'
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        truth = COCO()
        # Copies: the tool writes into what it is given, and the boxes are scored from the same entries.
        truth.dataset = {
            name: [dict(entry) for entry in getattr(checked, name)] for name in ('images', 'annotations', 'categories')
        }
        truth.anno_file = [checked.path]  # whose crowdIndex the tool reads once more, for CrowdPose alone
        truth.createIndex()
        found = truth.loadRes([dict(row) for row in files.rows or ()])
        evaluation = COCOeval(truth, found, kind, _sigmas(truth, checked.path), not checked.is_crowdpose)
        evaluation.params.useSegm = None
        evaluation.evaluate()
        evaluation.accumulate()
        # (OKS, recall, category, ...): OKS 0.5, persons, all sizes come first. CrowdPose's summary overwrites it.
        precision = evaluation.eval['precision'][0].copy()
        evaluation.summarize()
    names = CROWD_AP_NAMES if checked.is_crowdpose else AP_NAMES
    numbers = {name: _percent(value) for name, value in zip(names, evaluation.stats)}
    precision = precision.reshape(len(precision), -1)[:, 0]
    return numbers, _curve(evaluation.params.recThrs, precision)


def _sigmas(truth: Any, ann_file: str) -> Any:
    counts = {len(annotation.get('keypoints', ())) // 3 for annotation in truth.dataset['annotations']} - {0}
    if len(counts) != 1 or not counts <= set(METAINFO):
        raise ValueError(f"'{ann_file}': a person must have one of {list(METAINFO)} keypoints, found {sorted(counts)}")
    return np.array(load_keypoint_layout(METAINFO[counts.pop()]).oks_sigmas)


def _percent(value: float) -> float | None:
    return None if value < 0 else 100.0 * float(value)  # -1 is pycocotools' word for a number that is not defined


def _curve(recall: Any, precision: Any) -> Json:
    used = np.asarray(precision) > 0  # -1 where it is not defined, 0 where no recall leads
    points = {'recall': np.asarray(recall)[used], 'precision': np.asarray(precision)[used]}
    return {name: [100.0 * float(value) for value in values] for name, values in points.items()}


def box_curves(files: ScoredFiles) -> Json:
    """Precision and recall of boxes at falling scores, by subset; sizes by annotated area.

    Each point is one of the operating points of ``dualcenter score --score-levels``.
    """
    rows = files.rows or ()
    scores = np.unique([row['score'] for row in rows])[::-1] if rows else np.zeros(1)
    levels = scores[np.linspace(0, len(scores) - 1, min(CURVE_POINTS, len(scores))).astype(int)]
    curves = {}
    for name, result in score_results(files, score_levels=levels.tolist()).subsets.items():
        points = [(p.recall, p.precision) for p in result.at_scores if p.precision >= 0 and p.recall >= 0]
        curves[name] = _curve(*zip(*points)) if points else _curve([], [])
    return curves
