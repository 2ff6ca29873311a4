"""The command ``dualcenter score``: BBP and BBR of any method's results, without a model.

Nothing here imports torch or MMPose, so that the command starts in a fraction of a second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dualcenter_mmpose.coco.annotation_checks import load_coco_annotations
from dualcenter_mmpose.coco.result_files import load_results
from dualcenter_mmpose.evaluation.bbp_bbr import SCORE_LEVELS, evaluate_boxes
from dualcenter_mmpose.evaluation.bbp_bbr_report import (
    AREA_SOURCE_NAMES,
    evaluation_to_dict,
    format_table,
)
from dualcenter_mmpose.evaluation.box_types import BoxEvaluation
from dualcenter_mmpose.evaluation.coco_boxes import (
    AREA_SOURCES,
    ceiling_predictions,
    ground_truth_boxes,
    has_labels,
    person_category_id,
    predicted_boxes,
)
from dualcenter_mmpose.utils.files import write_json

_EXAMPLE = """examples:
  dualcenter score person_keypoints_val2017.json results.keypoints.json
  dualcenter score ANN.json RESULTS.json --area-source bbox --out scores.json
  dualcenter score ANN.json --ceiling
"""

_CEILING_HELP = (
    'score the labelled keypoints themselves, ranked by the IoU of their box: the ceiling that '
    'tight keypoint boxes impose; takes no RESULTS.json. People without a labelled keypoint, which '
    'a method may find all the same, are left out in a second table'
)

_AREA_HELP = "size that decides on S, M, L: the annotated area ('tool', default) or the box area ('bbox')"

_NUMBER_OPTIONS: tuple[tuple[str, type, float, str], ...] = (
    ('--keypoint-thr', float, 0.0, 'joints scoring no more take no part in the box of a pose'),
    ('--expand', float, 0.0, 'relative growth of predicted boxes, for diagnosis'),
    ('--iou-thr', float, 0.5, 'least IoU of a match'),
    ('--max-detections', int, 100, 'poses used per image, best scores first'),
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog='score_results.py',
        description='Print box precision (BBP: average precision of the boxes of predicted poses '
        'at IoU 0.5) and box recall (BBR) of a COCO keypoint result file, in percent.',
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('annotations', metavar='ANN.json', help='COCO annotation file')
    add('results', metavar='RESULTS.json', nargs='?', help='COCO keypoint results')
    add('--ceiling', action='store_true', help=_CEILING_HELP)
    add('--area-source', choices=AREA_SOURCES, default='tool', help=_AREA_HELP)
    add('--out', metavar='OUT.json', help='also write the numbers, in percent; replaces the file')
    for option, kind, default, text in _NUMBER_OPTIONS:
        help_text = f'{text} (default %(default)s)'
        add(option, type=kind, default=default, metavar='X', help=help_text)
    level_text = 'scores at which plain precision and recall are given (default %(default)s)'
    levels = list(SCORE_LEVELS)
    add('--score-levels', type=float, nargs='+', default=levels, metavar='S', help=level_text)
    return parser


def score(arguments: argparse.Namespace, labelled_only: bool = False) -> tuple[BoxEvaluation, list[str]]:
    """Return the evaluation that parsed arguments ask for, and notes on the annotation file.

    Args:
        arguments: of the command line.
        labelled_only: whether people without a labelled keypoint are left out of the ground truth.

    Raises:
        ValueError: if a file or an argument is unusable.
    """
    checked = load_coco_annotations(arguments.annotations)
    person = person_category_id(checked.categories)
    people = [a for a in checked.annotations if a['category_id'] == person]
    if labelled_only:
        people = [a for a in people if has_labels(a) or a.get('iscrowd', 0)]
    if arguments.ceiling:
        predictions = ceiling_predictions(people, arguments.expand)
    else:
        image_ids = {image['id'] for image in checked.images}
        category_ids = {category['id'] for category in checked.categories}
        rows = load_results(arguments.results, image_ids, category_ids)
        results = [r for r in rows if r.get('category_id', person) == person]
        predictions = predicted_boxes(results, arguments.keypoint_thr, arguments.expand)
    evaluation = evaluate_boxes(
        ground_truth_boxes(people, arguments.area_source, not checked.is_crowdpose),
        predictions,
        iou_thr=arguments.iou_thr,
        max_detections=arguments.max_detections,
        score_levels=arguments.score_levels,
    )
    return evaluation, list(checked.notes)


def _check_arguments(arguments: argparse.Namespace) -> None:
    """Raise ValueError for arguments that do not go together."""
    if arguments.ceiling == (arguments.results is not None):
        raise ValueError('give either RESULTS.json or --ceiling')
    if arguments.max_detections < 1:
        raise ValueError(f'--max-detections must be at least 1, but is {arguments.max_detections}')
    if arguments.expand <= -1:
        raise ValueError(f'--expand must be above -1, but is {arguments.expand}')
    inputs = [Path(p).resolve() for p in (arguments.annotations, arguments.results) if p]
    if arguments.out and Path(arguments.out).resolve() in inputs:
        raise ValueError(f"--out '{arguments.out}' is an input file: choose another name")


def _describe(arguments: argparse.Namespace) -> str:
    """Return the title of the table."""
    scored = 'labelled keypoints (ceiling)' if arguments.ceiling else arguments.results
    return (
        f'{scored} on {arguments.annotations}\n'
        f'percent; box IoU {arguments.iou_thr}, at most {arguments.max_detections} poses an image, '
        f'{AREA_SOURCE_NAMES[arguments.area_source]}'
    )


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that shape the numbers, for the record."""
    names = ('annotations', 'results', 'ceiling', 'keypoint_thr', 'expand', 'iou_thr')
    return {name: getattr(arguments, name) for name in (*names, 'max_detections')}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 for unusable input."""
    arguments = build_parser().parse_args(argv)
    try:
        _check_arguments(arguments)
        evaluation, notes = score(arguments)
        labelled = score(arguments, labelled_only=True)[0] if arguments.ceiling else None
        if arguments.out:
            record: dict[str, Any] = {'area_source': arguments.area_source, 'settings': _settings(arguments)}
            if labelled is not None:
                record['labelled_only'] = evaluation_to_dict(labelled)
            Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
            write_json(arguments.out, {**evaluation_to_dict(evaluation), **record})
    except (ValueError, OSError) as error:
        print(f'score_results.py: error: {error}', file=sys.stderr)
        return 2
    for note in notes:
        print(f'note: {note}', file=sys.stderr)
    print(format_table(evaluation, _describe(arguments)))
    if labelled is not None:
        print(format_table(labelled, '\npeople with a labelled keypoint alone'))
    if arguments.out:
        print(f'written: {arguments.out}')
    return 0
