"""Compare methods on one data set: AP, BBP and BBR by size, cost, speed; as tables, JSON, Markdown and pictures.

A method is a model (config and checkpoint) or a COCO keypoint results file. Each runs in a process of its own: one that
fails is named, and the others go on. The same command again skips what is done and tries again what failed. The data
set of every config is replaced by the given one; images are prepared as each config says.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

from dualcenter_mmpose.coco.annotation_checks import load_coco_annotations  # noqa: E402
from dualcenter_mmpose.experiments.comparison.available import take_available  # noqa: E402
from dualcenter_mmpose.experiments.comparison.entries import Entry, collect_entries  # noqa: E402
from dualcenter_mmpose.experiments.comparison.paper import DATA_SETS, paper_rows, paper_source  # noqa: E402
from dualcenter_mmpose.experiments.comparison.pictures import draw_all  # noqa: E402
from dualcenter_mmpose.experiments.comparison.records import file_digest  # noqa: E402
from dualcenter_mmpose.experiments.comparison.rows import Row, row_of_ceiling, row_of_record  # noqa: E402
from dualcenter_mmpose.experiments.comparison.runs import Outcome, run_entry  # noqa: E402
from dualcenter_mmpose.experiments.comparison.scoring import score_ceiling  # noqa: E402
from dualcenter_mmpose.experiments.comparison.tables import doubt_notes, make_tables, to_markdown, to_text  # noqa: E402
from dualcenter_mmpose.utils.files import write_json, write_text  # noqa: E402

CEILING_NOTE = (
    'The ceiling scores the labelled keypoints as if they had been predicted. A method rises above it only by people '
    'whose keypoints nobody labelled.'
)
EXAMPLES = """\
examples:
  dualcenter compare --ann val.json --images val2017 --work-dir work_dirs/comparison \\
      --model ours configs/dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py ours.pth \\
      --model DEKR mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w32_8xb10-140e_coco-512x512.py dekr.pth \\
      --results OpenPose openpose_keypoints.json --paper coco
  dualcenter compare --ann val.json --images val2017 --work-dir DIR --list entries.yaml

entries.yaml (paths from its own folder):
  - {name: ours, config: ours.py, checkpoint: ours.pth}
  - {name: OpenPose, results: openpose_keypoints.json}

With a checkpoint 'none' nothing is tested, and only what the network costs is measured.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Compare as the command line says; return 0, 1 if an entry failed, 2 for bad input."""
    args = parse_args(words)
    try:
        entries = collect_entries(args.model, args.results, args.list)
        if args.available:
            args.ann, entries = prepare_available(args, entries)
        check_data(args, entries)
        ceiling = row_of_ceiling(score_ceiling(str(args.ann)))
        job, shared = describe_job(args)
    except (ValueError, OSError) as error:
        print(f'compare: {error}', file=sys.stderr)
        return 2
    outcomes: list[Outcome] = []
    for entry in entries:
        print(f'== {entry.name}', end=': ', flush=True)
        outcomes.append(run_entry(entry, args.work_dir, job, shared, args.minutes_per_entry))
        print(outcomes[-1].error or ('done before' if outcomes[-1].is_old else 'done'), flush=True)
        # After every entry, so that whatever stops the comparison leaves what is known.
        report = write_report(args, outcomes, ceiling)
    print(f'\n{report}\nwritten: {args.work_dir}')
    return int(any(outcome.error for outcome in outcomes))


def prepare_available(args: argparse.Namespace, entries: Sequence[Entry]) -> tuple[Path, list[Entry]]:
    """Return annotation file and entries of the images that are there.

    Raises:
        ValueError: without a folder of images, for unusable files, or if no image is there.
    """
    if args.images is None or not args.images.is_dir():
        raise ValueError(f'--available needs --images, the folder of the images, got {args.images}')
    load_coco_annotations(args.ann)
    return take_available(args.ann, args.images, entries, args.work_dir)


def check_data(args: argparse.Namespace, entries: Sequence[Entry]) -> None:
    """Look at the data and the options before anything is run.

    Raises:
        ValueError: if the annotation file is unusable, a folder is missing, or an option out of range.
    """
    has_models = any(entry.config for entry in entries)
    if has_models and (args.images is None or not args.images.is_dir()):
        raise ValueError(f'--images must name the folder of the images, got {args.images}')
    if min(args.batches) < 1 or args.repeats < 0 or args.minutes_per_entry < 0:
        raise ValueError('--batches must be at least 1, --repeats and --minutes-per-entry at least 0')
    load_coco_annotations(args.ann, images_dir=str(args.images) if has_models else None)


def describe_job(args: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return data and options for workers, and what of them decides on numbers."""
    options = dict(batches=args.batches, repeats=args.repeats)
    images = str(args.images.resolve()) if args.images else None
    job = dict(options, ann_file=str(args.ann.resolve()), images=images, workers=args.workers)
    return job, dict(options, annotations=file_digest(args.ann), images=images)


def write_report(args: argparse.Namespace, outcomes: Sequence[Outcome], ceiling: Row) -> str:
    """Write JSON, Markdown and pictures of what is known, and return it as text for a terminal."""
    rows = [row_of_record(o.entry.name, o.record) for o in outcomes if o.record]
    printed = paper_rows(args.paper) if args.paper else []
    everything = [*rows, ceiling, *printed]
    failures = [f'{o.entry.name} failed: {o.error}' for o in outcomes if o.error]
    notes = [CEILING_NOTE]
    notes += [
        f'{o.entry.name}: {note}' for o in outcomes if o.record for note in (o.record['costs'] or {}).get('notes', ())
    ]
    machines = [(o.record['costs'] or {}).get('machine') for o in outcomes if o.record]
    notes += [f'Timed on {text}.' for text in sorted({describe(machine) for machine in machines if machine})]
    if args.paper:
        notes += [f"The paper's numbers are as printed, on {paper_source(args.paper)}.", *doubt_notes(printed)]
    content = dict(
        annotations=str(args.ann),
        entries=[dict(o.entry._asdict(), error=o.error, record=o.record) for o in outcomes],
        ceiling=ceiling.boxes,
        paper=[row._asdict() for row in printed],
        notes=notes,
    )
    args.work_dir.mkdir(parents=True, exist_ok=True)
    write_json(args.work_dir / 'comparison.json', content)
    tables = make_tables(everything)
    pictures = draw_all(everything, args.work_dir)
    links = [f'![{path.stem}]({path.name})' for path in pictures]
    only = ', the images that are there' if args.available else ''
    sections = [f'# Comparison on `{args.ann.name}`{only}', *failures, *map(to_markdown, tables), *links, *notes]
    write_text(args.work_dir / 'comparison.md', '\n\n'.join(sections) + '\n')
    return '\n\n'.join([*map(to_text, tables), '\n'.join([*notes, *failures])])


def describe(machine: Mapping[str, Any]) -> str:
    """Return in words what was timed on."""
    return f'{machine["device"]} ({machine["name"]}), {machine["threads"]} threads, torch {machine["torch"]}'


def parse_args(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments; ``words`` in place of those that the process was started with."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--ann', type=Path, required=True, metavar='JSON', help='COCO annotation file that all are scored on')
    add('--images', type=Path, metavar='DIR', help='folder of its images; needed for models')
    add('--available', action='store_true', help='compare on those images of the file alone that are in --images')
    add('--work-dir', type=Path, required=True, metavar='DIR', help='folder of records, tables and pictures')
    add('--model', nargs=3, action='append', default=[], metavar=('NAME', 'CONFIG', 'CKPT'), help='a model')
    add('--results', nargs=2, action='append', default=[], metavar=('NAME', 'FILE'), help='COCO keypoint results')
    add('--list', type=Path, action='append', default=[], metavar='FILE', help='YAML or JSON with entries')
    add('--paper', choices=DATA_SETS, help="show the paper's numbers beside, as printed")
    add('--batches', type=int, nargs='+', default=[1, 2, 4, 8, 16], metavar='N', help='batch sizes to time')
    add('--repeats', type=int, default=5, metavar='N', help='timed rounds of each (default 5); 0 for no timing')
    add('--workers', type=int, metavar='N', help="processes that load images; each config's own by default")
    add('--minutes-per-entry', type=float, default=0, metavar='M', help='stop an entry that takes longer')
    return parser.parse_args(words)


if __name__ == '__main__':
    sys.exit(main())
