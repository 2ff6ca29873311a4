"""Mean and spread over seeds, and the differences from the first row, pair by pair of equal seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tabulate import tabulate

from dualcenter_mmpose.experiments.comparison.rows import SUBSETS

NUMBERS = ('AP', *(f'{number} {subset}' for number in ('BBP', 'BBR') for subset in SUBSETS))

Values = dict[str, float]
"""Number -> percent; those that are not defined are absent."""


class Statistic(NamedTuple):
    """A number over seeds.

    Attributes:
        mean: of the seeds.
        spread: sample standard deviation; ``None`` for fewer than two.
        num_seeds: how many there were.
    """

    mean: float
    spread: float | None
    num_seeds: int


def values_of(record: Mapping[str, Any], area_source: str) -> Values:
    """Return the numbers of a run's record.

    Args:
        record: from :func:`ablation.runs.do_run`.
        area_source: size that decides on S, M and L.
    """
    scores = record['scores']
    found = {'AP': scores['keypoints'].get('AP')}
    for number in ('BBP', 'BBR'):
        found |= {f'{number} {subset}': scores['boxes'][area_source][number].get(subset) for subset in SUBSETS}
    return {name: value for name, value in found.items() if value is not None}


def summarise(values: Sequence[Values]) -> dict[str, Statistic]:
    """Return mean and spread of every number that all runs have; none for no runs."""
    names = [name for name in NUMBERS if values and all(name in own for own in values)]
    return {name: _statistic([own[name] for own in values]) for name in names}


def differences(first: Mapping[int, Values], other: Mapping[int, Values]) -> dict[str, Statistic]:
    """Return how far one row lies above the first, over the seeds that both have.

    Pairs of equal seeds share what the seed decides, so that their differences vary less than the numbers do.

    Args:
        first: seed -> numbers.
        other: likewise.
    """
    pairs = [(first[seed], other[seed]) for seed in sorted(set(first) & set(other))]
    return summarise([{name: theirs[name] - ours[name] for name in set(ours) & set(theirs)} for ours, theirs in pairs])


def _statistic(values: Sequence[float]) -> Statistic:
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Statistic(statistics.fmean(values), spread, len(values))


def to_markdown(title: str, rows: Mapping[str, Mapping[str, Statistic]], is_difference: bool = False) -> str:
    """Return a table: one line per method, mean ± sample standard deviation over seeds.

    Args:
        title: above it.
        rows: method -> number -> statistic.
        is_difference: whether to write signs.
    """
    header = ['', 'seeds', *NUMBERS]
    lines = []
    for name, own in rows.items():
        count = max((statistic.num_seeds for statistic in own.values()), default=0)
        cells = [_cell(own.get(number), '+.2f' if is_difference else '.2f') for number in NUMBERS]
        lines.append([name.replace('|', '\\|'), str(count), *cells])
    align = ('left', *['right'] * (len(header) - 1))
    table = tabulate(lines, header, tablefmt='pipe', disable_numparse=True, colalign=align if lines else None)
    return f'## {title}\n\n{table}'


def _cell(statistic: Statistic | None, form: str) -> str:
    if statistic is None:
        return '-'
    spread = '' if statistic.spread is None else f' ± {statistic.spread:.2f}'
    return f'{statistic.mean:{form}}{spread}'
