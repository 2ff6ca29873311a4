"""BBP and BBR for people and programs: a text table and a JSON dictionary, both in percent."""

from __future__ import annotations

import math
from typing import Any

from tabulate import tabulate

from dualcenter_mmpose.evaluation.box_types import BoxEvaluation, SubsetResult

AREA_SOURCE_NAMES = {
    'tool': "size by annotated area ('tool')",
    'bbox': "size by box area ('bbox')",
}
"""What decides on the subset of a person, in words."""


def percent(ratio: float) -> float | None:
    """Return a ratio in percent, None where it is not defined."""
    return None if math.isnan(ratio) else 100.0 * ratio


def evaluation_to_dict(evaluation: BoxEvaluation) -> dict[str, Any]:
    """Return the numbers by name and subset, ratios in percent, None where not defined."""
    subsets = evaluation.subsets
    points = {name: {p.score: p for p in result.at_scores} for name, result in subsets.items()}
    levels = list(next(iter(points.values()), {}))
    return {
        'BBP': {name: percent(r.bbp) for name, r in subsets.items()},
        'BBR': {name: percent(r.bbr) for name, r in subsets.items()},
        'num_gt': {name: r.num_gt for name, r in subsets.items()},
        'num_predictions': {name: r.num_predictions for name, r in subsets.items()},
        'num_matched': {name: r.num_matched for name, r in subsets.items()},
        'precision_at_score': {
            str(level): {name: percent(at[level].precision) for name, at in points.items()} for level in levels
        },
        'recall_at_score': {
            str(level): {name: percent(at[level].recall) for name, at in points.items()} for level in levels
        },
        'best_f1': {name: _best_f1_to_dict(r) for name, r in subsets.items()},
        'num_crowd_regions': evaluation.num_crowd,
        'num_surplus_predictions': evaluation.num_surplus,
        'num_poses_without_box': evaluation.num_without_box,
    }


def _best_f1_to_dict(result: SubsetResult) -> dict[str, float | None]:
    point = result.best_f1
    return {
        'f1': percent(point.f1),
        'precision': percent(point.precision),
        'recall': percent(point.recall),
        'score': None if math.isnan(point.score) else point.score,
    }


def format_table(evaluation: BoxEvaluation, title: str) -> str:
    """Return the numbers as a table, one column per subset; '-' where a number is not defined."""
    numbers = evaluation_to_dict(evaluation)
    names = list(evaluation.subsets)
    rows: list[tuple[str, list[float | None], str]] = [
        ('BBP', list(numbers['BBP'].values()), '.3f'),
        ('BBR', list(numbers['BBR'].values()), '.3f'),
        ('persons', list(numbers['num_gt'].values()), 'd'),
        ('poses counted', list(numbers['num_predictions'].values()), 'd'),
    ]
    for level, precision in numbers['precision_at_score'].items():
        recall = numbers['recall_at_score'][level]
        rows.append((f'precision at {level}', list(precision.values()), '.2f'))
        rows.append((f'recall at {level}', list(recall.values()), '.2f'))
    best = list(numbers['best_f1'].values())
    rows.append(('best F1', [point['f1'] for point in best], '.2f'))
    rows.append(('at score', [point['score'] for point in best], '.4g'))
    cells = [[label, *('-' if v is None else format(v, form) for v in values)] for label, values, form in rows]
    aligned = ('left', *('right' for _ in names))
    table = tabulate(cells, ['', *names], tablefmt='plain', colalign=aligned, disable_numparse=True)
    return '\n'.join([title, table, _describe_left_out(evaluation)])


def _describe_left_out(evaluation: BoxEvaluation) -> str:
    return (
        f'{evaluation.num_crowd} crowd regions ignored; {evaluation.num_surplus} poses beyond the '
        f'best of their image and {evaluation.num_without_box} without a present keypoint left out'
    )
