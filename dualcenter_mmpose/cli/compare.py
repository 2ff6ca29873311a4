"""Compare methods on one data set: AP, BBP and BBR by size, cost, speed; as tables, JSON, Markdown and pictures.

A method is a model (config and checkpoint) or a COCO keypoint results file. Each runs in a process of its own: one that
fails is named, and the others go on. The same command again skips what is done and tries again what failed. The data
set of every config is replaced by the given one; images are prepared as each config says. Exit status 1 if an entry
failed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dualcenter_mmpose.cli.command import DONE, FOUND_WANTING, bad_input
from dualcenter_mmpose.coco.annotation_checks import load_coco_annotations
from dualcenter_mmpose.experiments.comparison.available import take_available
from dualcenter_mmpose.experiments.comparison.entries import Entry, collect_entries
from dualcenter_mmpose.experiments.comparison.paper import DATA_SETS
from dualcenter_mmpose.experiments.comparison.records import file_digest
from dualcenter_mmpose.experiments.comparison.report import write_report
from dualcenter_mmpose.experiments.comparison.rows import row_of_ceiling
from dualcenter_mmpose.experiments.comparison.runs import Outcome, run_entry
from dualcenter_mmpose.experiments.comparison.scoring import score_ceiling

EXAMPLES = """examples:
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
IS_RESUMABLE = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
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


def run(arguments: argparse.Namespace) -> int:
    """Compare; return the exit status."""
    work_dir, images = arguments.work_dir, arguments.images
    with bad_input():
        check_options(arguments)
        entries = collect_entries(arguments.model, arguments.results, arguments.list)
        ann_file, entries = choose_data(arguments.ann, images, entries, work_dir if arguments.available else None)
        ceiling = row_of_ceiling(score_ceiling(str(ann_file)))
        job, shared = describe_job(ann_file, images, arguments.batches, arguments.repeats, arguments.workers)
    outcomes: list[Outcome] = []
    for entry in entries:
        print(f'== {entry.name}', end=': ', flush=True)
        outcomes.append(run_entry(entry, work_dir, job, shared, arguments.minutes_per_entry))
        print(outcomes[-1].error or ('done before' if outcomes[-1].is_old else 'done'), flush=True)
        # After every entry, so that whatever stops the comparison leaves what is known.
        report = write_report(work_dir, ann_file, outcomes, ceiling, arguments.paper, arguments.available)
    print(f'\n{report}\nwritten: {work_dir}')
    return FOUND_WANTING if any(outcome.error for outcome in outcomes) else DONE


def check_options(arguments: argparse.Namespace) -> None:
    """Raise ValueError for numbers that are out of range."""
    if min(arguments.batches) < 1 or arguments.repeats < 0 or arguments.minutes_per_entry < 0:
        raise ValueError('--batches must be at least 1, --repeats and --minutes-per-entry at least 0')


def choose_data(
    ann_file: Path, images: Path | None, entries: Sequence[Entry], part_in: Path | None
) -> tuple[Path, list[Entry]]:
    """Return annotation file and entries to compare, looked at before anything is run.

    Args:
        ann_file: COCO annotations.
        images: folder of their images.
        entries: as named.
        part_in: folder in which the part of the data whose images are there is written; ``None`` for all of it.

    Raises:
        ValueError: without a folder of images where one is needed, for unusable files, or if no image is there.
    """
    has_models = any(entry.config for entry in entries)
    has_images = images is not None and images.is_dir()
    if part_in is not None:
        if images is None or not has_images:
            raise ValueError(f'--available needs --images, the folder of the images, got {images}')
        load_coco_annotations(ann_file)
        ann_file, entries = take_available(ann_file, images, entries, part_in)
    if has_models and not has_images:
        raise ValueError(f'--images must name the folder of the images, got {images}')
    load_coco_annotations(ann_file, images_dir=str(images) if has_models else None)
    return ann_file, list(entries)


def describe_job(
    ann_file: Path, images: Path | None, batches: Sequence[int], repeats: int, workers: int | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return data and options for workers, and what of them decides on numbers."""
    options = dict(batches=list(batches), repeats=repeats)
    folder = str(images.resolve()) if images else None
    job = dict(options, ann_file=str(ann_file.resolve()), images=folder, workers=workers)
    return job, dict(options, annotations=file_digest(ann_file), images=folder)
