"""What a comparison has found so far, as JSON, Markdown, pictures and text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dualcenter_mmpose.experiments.comparison.paper import paper_rows, paper_source
from dualcenter_mmpose.experiments.comparison.pictures import draw_all
from dualcenter_mmpose.experiments.comparison.rows import Row, row_of_record
from dualcenter_mmpose.experiments.comparison.runs import Outcome
from dualcenter_mmpose.experiments.comparison.tables import doubt_notes, make_tables, to_markdown, to_text
from dualcenter_mmpose.utils.files import write_json, write_text

CEILING_NOTE = (
    'The ceiling scores the labelled keypoints as if they had been predicted. A method rises above it only by people '
    'whose keypoints nobody labelled.'
)


def write_report(
    work_dir: Path,
    ann_file: Path,
    outcomes: Sequence[Outcome],
    ceiling: Row,
    paper: str | None = None,
    is_part: bool = False,
) -> str:
    """Write what is known as JSON, Markdown and pictures, and return it as text for a terminal.

    Args:
        work_dir: folder of the comparison.
        ann_file: that all are scored on.
        outcomes: of the entries that are done.
        ceiling: of the annotations.
        paper: data set whose printed numbers are shown beside; none by default.
        is_part: whether only the images that are there are compared.
    """
    rows = [row_of_record(o.entry.name, o.record) for o in outcomes if o.record]
    printed = paper_rows(paper) if paper else []
    everything = [*rows, ceiling, *printed]
    failures = [f'{o.entry.name} failed: {o.error}' for o in outcomes if o.error]
    notes = collect_notes(outcomes)
    if paper:
        notes += [f"The paper's numbers are as printed, on {paper_source(paper)}.", *doubt_notes(printed)]
    content = dict(
        annotations=str(ann_file),
        entries=[dict(o.entry._asdict(), error=o.error, record=o.record) for o in outcomes],
        ceiling=ceiling.boxes,
        paper=[row._asdict() for row in printed],
        notes=notes,
    )
    write_json(work_dir / 'comparison.json', content)
    tables = make_tables(everything)
    links = [f'![{path.stem}]({path.name})' for path in draw_all(everything, work_dir)]
    title = f'# Comparison on `{ann_file.name}`' + (', the images that are there' if is_part else '')
    sections = [title, *failures, *map(to_markdown, tables), *links, *notes]
    write_text(work_dir / 'comparison.md', '\n\n'.join(sections) + '\n')
    return '\n\n'.join([*map(to_text, tables), '\n'.join([*notes, *failures])])


def collect_notes(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what is to be said of the ceiling, of entries, and of what was timed on."""
    costs = [(o.entry.name, o.record['costs'] or {}) for o in outcomes if o.record]
    of_entries = [f'{name}: {note}' for name, own in costs for note in own.get('notes', ())]
    machines = {describe_machine(own['machine']) for _, own in costs if own.get('machine')}
    return [CEILING_NOTE, *of_entries, *(f'Timed on {text}.' for text in sorted(machines))]


def describe_machine(machine: Mapping[str, Any]) -> str:
    """Return in words what was timed on."""
    return f'{machine["device"]} ({machine["name"]}), {machine["threads"]} threads, torch {machine["torch"]}'
