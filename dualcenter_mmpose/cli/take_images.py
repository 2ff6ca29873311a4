"""Make a small COCO-style data set of some images of a large one.

Either of the first images that have labelled people: for a first look at one's own data, and to see whether a model
can learn them by heart. Or of those that a file lists; of a list with splits, each is an annotation file.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.coco.image_ids import pick_images
from dualcenter_mmpose.coco.subset import first_labelled, read_content, take_listed, write_subset

EXAMPLES = """examples:
  dualcenter take-images data/coco/annotations/person_keypoints_train2017.json data/few --images 16 \\
      --images-dir data/coco/train2017
  dualcenter take-images data/coco/annotations/person_keypoints_val2017.json data/coco_cc \\
      --ids dualcenter_mmpose/coco/coco_cc_ids.json --images-dir data/coco/val2017
"""
DEFAULT_NUMBER = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument('annotations', type=Path, help='COCO annotation file')
    parser.add_argument('out', type=Path, help='folder to make')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--images', type=int, metavar='N', help=f'how many of the first (default: {DEFAULT_NUMBER})')
    which.add_argument('--ids', type=Path, metavar='FILE', help='ids as a JSON list, a JSON object by split, or lines')
    parser.add_argument('--split', metavar='NAME', help='of the list, only this split')
    parser.add_argument('--images-dir', type=Path, help="default: images/ beside the annotations' folder")


def run(arguments: argparse.Namespace) -> int:
    """Make the data set; return the exit status."""
    images_dir = arguments.images_dir or arguments.annotations.parent.parent / 'images'
    with bad_input():
        contents = choose(arguments.annotations, arguments.images, arguments.ids, arguments.split)
        write_subset(contents, images_dir, arguments.out)
    for name, content in contents.items():
        numbers = f'{len(content["images"])} images, {len(content["annotations"])} annotations'
        print(f'wrote {arguments.out / "annotations" / name}: {numbers}')
    return DONE


def choose(annotations: Path, number: int | None, ids: Path | None, split: str | None) -> dict[str, dict[str, Any]]:
    """Return ``{file name: annotations}`` of what the options ask for.

    Raises:
        ValueError: if they ask for what there is not.
        OSError: for a list that cannot be read.
    """
    content = read_content(annotations)
    if ids is not None:
        return take_listed(content, ids, split, annotations.name)
    if split is not None:
        raise ValueError('--split is a part of --ids FILE: give both')
    chosen = first_labelled(content, DEFAULT_NUMBER if number is None else number)
    return {annotations.name: pick_images(content, chosen)}
