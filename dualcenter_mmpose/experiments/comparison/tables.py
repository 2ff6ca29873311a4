"""The comparison as text: aligned for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from dualcenter_mmpose.experiments.comparison.rows import SUBSETS, Row

AP_COLUMNS = ('AP', 'AP .5', 'AP .75', 'AP (M)', 'AP (L)')
CROWD_AP_COLUMNS = ('AP', 'AP .5', 'AP .75', 'AP(E)', 'AP(M)', 'AP(H)')
SOURCES = {'tool': 'sizes by annotated area', 'bbox': 'sizes by box area'}
NOT_KNOWN, DOUBT = '-', '?'

Table = tuple[str, list[str], list[list[str]]]
"""Title, header, rows of cells."""


def make_tables(rows: Sequence[Row]) -> list[Table]:
    """Return the tables of a comparison: keypoints, boxes by either area source, costs; empty rows left out."""
    columns = CROWD_AP_COLUMNS if any('AP(E)' in row.keypoints for row in rows) else AP_COLUMNS
    tables = [('AP of keypoints, %', list(columns), [_ap_cells(row, columns) for row in rows])]
    for source, words in SOURCES.items():
        header = [f'{number} {subset}' for number in ('BBP', 'BBR') for subset in SUBSETS]
        tables.append((f'BBP and BBR, %, {words}', header, [_box_cells(row, source) for row in rows]))
    header = ['parameters, M', 'multiply-adds, G', 'images/s, batch 1', 'images/s, best', 'best batch', 'peak MiB']
    tables.append(('What it costs', header, [_cost_cells(row) for row in rows]))
    return [_with_names(rows, table) for table in tables]


def _with_names(rows: Sequence[Row], table: Table) -> Table:
    title, header, cells = table
    named = [[_name(row), *own] for row, own in zip(rows, cells) if set(own) != {NOT_KNOWN}]
    return title, ['method', *header], named


def _name(row: Row) -> str:
    return f'{row.name}, as printed' if row.is_printed else row.name


def _ap_cells(row: Row, columns: Sequence[str]) -> list[str]:
    return [_cell(row, name, row.keypoints.get(name)) for name in columns]


def _box_cells(row: Row, source: str) -> list[str]:
    own: Mapping[str, Any] = row.boxes.get(source, {})
    return [_cell(row, f'{n} {subset}', own.get(n, {}).get(subset)) for n in ('BBP', 'BBR') for subset in SUBSETS]


def _cell(row: Row, number: str, value: float | None) -> str:
    if value is None:
        return NOT_KNOWN
    return f'{value:.1f}{DOUBT if number in row.doubtful else ""}' if row.is_printed else f'{value:.2f}'


def _cost_cells(row: Row) -> list[str]:
    best = row.best_batch
    digits = 1 if row.is_printed else 3
    values = (
        (row.params_m, digits),
        (row.multiply_adds_g, digits),
        (row.speeds.get(1), 2),
        (row.speeds[best] if best else None, 2),
        (best, 0),
        (row.peak_mib, 1),
    )
    return [NOT_KNOWN if value is None else f'{value:.{count}f}' for value, count in values]


def to_text(table: Table) -> str:
    """Return a table for a terminal."""
    title, header, rows = table
    return f'== {title}\n' + tabulate([header, *rows], tablefmt='plain', **_columns(header))


def to_markdown(table: Table) -> str:
    """Return a table as Markdown."""
    title, header, rows = table
    escaped = [[cell.replace('|', '\\|') for cell in cells] for cells in (header, *rows)]
    return f'## {title}\n\n' + tabulate(escaped[1:], escaped[0], tablefmt='pipe', **_columns(header))


def _columns(header: Sequence[str]) -> dict[str, Any]:
    """Names to the left, numbers to the right; cells are text that is formatted already."""
    return dict(disable_numparse=True, colalign=('left', *['right'] * (len(header) - 1)))


def doubt_notes(rows: Sequence[Row]) -> list[str]:
    """Return one sentence for every doubtful number."""
    return [
        f'{row.name}, {number}: doubtful as printed: {why}.' for row in rows for number, why in row.doubtful.items()
    ]
