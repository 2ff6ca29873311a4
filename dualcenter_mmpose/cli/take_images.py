"""Make a small COCO-style data set of the first images of a large one that have labelled people.

For a first look at one's own data, and to see whether a model can learn them by heart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.coco.subset import first_labelled, read_content, take_images, write_subset

EXAMPLES = """example:
  dualcenter take-images data/coco/annotations/person_keypoints_train2017.json data/few --images 16 \\
      --images-dir data/coco/train2017
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument('annotations', type=Path, help='COCO annotation file')
    parser.add_argument('out', type=Path, help='folder to make')
    parser.add_argument('--images', type=int, default=16, metavar='N', help='how many (default: 16)')
    parser.add_argument('--images-dir', type=Path, help="default: images/ beside the annotations' folder")


def run(arguments: argparse.Namespace) -> int:
    """Make the data set; return the exit status."""
    images_dir = arguments.images_dir or arguments.annotations.parent.parent / 'images'
    with bad_input():
        whole = read_content(arguments.annotations)
        contents = {arguments.annotations.name: take_images(whole, first_labelled(whole, arguments.images))}
        write_subset(contents, images_dir, arguments.out)
    for name, content in contents.items():
        numbers = f'{len(content["images"])} images, {len(content["annotations"])} annotations'
        print(f'wrote {arguments.out / "annotations" / name}: {numbers}')
    return DONE
