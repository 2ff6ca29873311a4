"""The comparison as pictures: bars by size, precision-recall curves, speed against recall of small persons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

from dualcenter_mmpose.utils.files import replacing

matplotlib.use('Agg')
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from dualcenter_mmpose.experiments.comparison.rows import SUBSETS, Row
from dualcenter_mmpose.experiments.comparison.tables import SOURCES

LINES: tuple[Any, ...] = ('-', '--', '-.', ':')


def draw_all(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw the pictures for which there are numbers and return their files."""
    drawn = {'bars.png': draw_bars, 'curves.png': draw_curves, 'speed.png': draw_speed}
    found = []
    for name, draw in drawn.items():
        figure = draw(rows)
        if figure is not None:
            found.append(folder / name)
            _save(figure, folder / name)
    return found


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as draft:
        figure.savefig(draft, dpi=130, bbox_inches='tight')
    plt.close(figure)


def _color(row: Row, rows: Sequence[Row]) -> Any:
    if row.is_ceiling:
        return '0.7'
    return plt.get_cmap('tab10' if len(rows) <= 10 else 'tab20')(
        list(rows).index(row) % (10 if len(rows) <= 10 else 20)
    )


def draw_bars(rows: Sequence[Row]) -> Any:
    """Return bars of BBP and BBR by size, one row of panels per area source; the paper's are hatched."""
    shown = [row for row in rows if row.boxes]
    if not shown:
        return None
    figure, panels = plt.subplots(2, 2, figsize=(13, 7), sharey='row', squeeze=False)
    width = 0.8 / len(shown)
    for line, (source, words) in zip(panels, SOURCES.items()):
        for panel, number in zip(line, ('BBP', 'BBR')):
            for rank, row in enumerate(shown):
                values = row.boxes.get(source, {}).get(number, {})
                places = np.arange(len(SUBSETS)) + (rank - (len(shown) - 1) / 2) * width
                heights = [values.get(subset) or 0.0 for subset in SUBSETS]
                hatch = '//' if row.is_printed else None
                label = f'{row.name}, as printed' if row.is_printed else row.name
                panel.bar(places, heights, width, color=_color(row, rows), hatch=hatch, label=label, edgecolor='white')
            panel.set_xticks(range(len(SUBSETS)), SUBSETS)
            panel.set_title(f'{number}, {words}')
            panel.set_ylabel('%')
            panel.grid(axis='y', alpha=0.3)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='upper center', bbox_to_anchor=(0.5, 0.02), ncol=min(3, len(labels)))
    return figure


def draw_curves(rows: Sequence[Row]) -> Any:
    """Return precision over recall: keypoints at OKS 0.5, boxes of all and of small persons at IoU 0.5.

    One recall axis for the three, up to the next ten above the highest recall of all.
    """
    shown = [row for row in rows if row.curves]
    if not shown:
        return None
    figure, panels = plt.subplots(1, 3, figsize=(15, 4.5), sharex=True, sharey=True)
    titles = ('keypoints, OKS 0.5', 'boxes, IoU 0.5, all', 'boxes, IoU 0.5, small (annotated area)')
    for panel, title in zip(panels, titles):
        panel.set(title=title, xlabel='recall, %', ylabel='precision, %', ylim=(0, 102))
        panel.grid(alpha=0.3)
    for rank, row in enumerate(shown):
        boxes = row.curves['boxes']
        for panel, curve in zip(panels, (row.curves['keypoints'], boxes.get('All'), boxes.get('S'))):
            if curve and curve['recall']:
                style = LINES[rank % len(LINES)]
                panel.plot(curve['recall'], curve['precision'], style, color=_color(row, rows), label=row.name)
    recalls = [x for panel in panels for line in panel.lines for x in line.get_xdata()]
    panels[0].set_xlim(0, max(10, 10 * np.ceil(max(recalls, default=100) / 10)))  # the next ten: curves fill the panels
    handles = [Line2D([], [], color=_color(row, rows), linestyle=LINES[i % 4]) for i, row in enumerate(shown)]
    panels[0].legend(handles, [row.name for row in shown], fontsize='small')
    return figure


def draw_speed(rows: Sequence[Row]) -> Any:
    """Return BBR of small persons over images a second: batch 1 as a ring, the best batch as a disc."""
    shown = [row for row in rows if row.speeds and row.boxes.get('tool', {}).get('BBR', {}).get('S') is not None]
    if not shown:
        return None
    figure, panel = plt.subplots(figsize=(7.5, 5))
    for row in shown:
        height, best = row.boxes['tool']['BBR']['S'], row.best_batch
        color = _color(row, rows)
        if 1 in row.speeds:
            panel.plot([row.speeds[1], row.speeds[best or 1]], [height, height], color=color, alpha=0.5)
            panel.scatter(row.speeds[1], height, s=60, facecolors='none', edgecolors=[color])
        panel.scatter(row.speeds[best or 1], height, s=60, color=[color])
        label = f'{row.name} (batch {best})'
        panel.annotate(label, (row.speeds[best or 1], height), textcoords='offset points', xytext=(6, 6), fontsize=8)
    panel.set(
        xscale='log', xlabel='images a second (ring: batch 1, disc: best batch)', ylabel='BBR of small persons, %'
    )
    panel.set_ylim(bottom=0)
    panel.margins(x=0.2)
    panel.grid(alpha=0.3, which='both')
    return figure
