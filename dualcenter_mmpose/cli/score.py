"""Print box precision (BBP) and box recall (BBR) of a COCO keypoint result file, in percent.

BBP is the average precision of the boxes of predicted poses at IoU 0.5.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.evaluation.bbp_bbr import SCORE_LEVELS
from dualcenter_mmpose.evaluation.bbp_bbr_report import AREA_SOURCE_NAMES, evaluation_to_dict, format_table
from dualcenter_mmpose.evaluation.coco_boxes import AREA_SOURCES
from dualcenter_mmpose.evaluation.results_scoring import read_files, score_results
from dualcenter_mmpose.utils.files import write_json

EXAMPLES = """examples:
  dualcenter score person_keypoints_val2017.json results.keypoints.json
  dualcenter score ANN.json RESULTS.json --area-source bbox --out scores.json
  dualcenter score ANN.json --ceiling
"""

CEILING_HELP = (
    'score the labelled keypoints themselves, ranked by the IoU of their box: the ceiling that '
    'tight keypoint boxes impose; takes no RESULTS.json. People without a labelled keypoint, which '
    'a method may find all the same, are left out in a second table'
)
AREA_HELP = "size that decides on S, M, L: the annotated area ('tool', default) or the box area ('bbox')"
LEVELS_HELP = 'scores at which plain precision and recall are given (default %(default)s)'

NUMBERS: tuple[tuple[str, type, float, str], ...] = (
    ('--keypoint-thr', float, 0.0, 'keypoints scoring no more take no part in the box of a pose'),
    ('--expand', float, 0.0, 'relative growth of predicted boxes, for diagnosis'),
    ('--iou-thr', float, 0.5, 'least IoU of a match'),
    ('--max-detections', int, 100, 'poses used per image, best scores first'),
)
OPTIONS = ('area_source', 'keypoint_thr', 'expand', 'iou_thr', 'max_detections', 'score_levels')
RECORDED = ('annotations', 'results', 'ceiling', 'keypoint_thr', 'expand', 'iou_thr', 'max_detections')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('annotations', metavar='ANN.json', help='COCO annotation file')
    add('results', metavar='RESULTS.json', nargs='?', help='COCO keypoint results')
    add('--ceiling', action='store_true', help=CEILING_HELP)
    add('--area-source', choices=AREA_SOURCES, default='tool', help=AREA_HELP)
    add('--out', metavar='OUT.json', help='also write the numbers, in percent; replaces the file')
    for option, kind, default, text in NUMBERS:
        add(option, type=kind, default=default, metavar='X', help=f'{text} (default %(default)s)')
    add('--score-levels', type=float, nargs='+', default=list(SCORE_LEVELS), metavar='S', help=LEVELS_HELP)


def run(arguments: argparse.Namespace) -> int:
    """Score; return the exit status."""
    values = vars(arguments)
    options = {name: values[name] for name in OPTIONS}
    with bad_input():
        check_files(arguments.annotations, arguments.results, arguments.out, arguments.ceiling)
        files = read_files(arguments.annotations, arguments.results)
        evaluation = score_results(files, **options)
        labelled = score_results(files, labelled_only=True, **options) if arguments.ceiling else None
        if arguments.out:
            settings = {name: values[name] for name in RECORDED}
            record: dict[str, Any] = {'area_source': arguments.area_source, 'settings': settings}
            if labelled is not None:
                record['labelled_only'] = evaluation_to_dict(labelled)
            write_json(arguments.out, {**evaluation_to_dict(evaluation), **record})
    for note in files.checked.notes:
        print(f'note: {note}', file=sys.stderr)
    print(format_table(evaluation, describe(arguments)))
    if labelled is not None:
        print(format_table(labelled, '\npeople with a labelled keypoint alone'))
    if arguments.out:
        print(f'written: {arguments.out}')
    return DONE


def check_files(annotations: str, results: str | None, out: str | None, is_ceiling: bool) -> None:
    """Raise ValueError for files that do not go together."""
    if is_ceiling == (results is not None):
        raise ValueError('give either RESULTS.json or --ceiling')
    inputs = [Path(path).resolve() for path in (annotations, results) if path]
    if out and Path(out).resolve() in inputs:
        raise ValueError(f"--out '{out}' is an input file: choose another name")


def describe(arguments: argparse.Namespace) -> str:
    """Return the title of the table."""
    scored = 'labelled keypoints (ceiling)' if arguments.ceiling else arguments.results
    return (
        f'{scored} on {arguments.annotations}\n'
        f'percent; box IoU {arguments.iou_thr}, at most {arguments.max_detections} poses an image, '
        f'{AREA_SOURCE_NAMES[arguments.area_source]}'
    )
