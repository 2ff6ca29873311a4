r"""Make a small COCO-style data set of some images of a large one.

Either of the first images that have labelled people: for a first look at one's own data, and to see whether a model
can learn them by heart. Or of those that a file lists; of a list with splits, each is an annotation file.

Examples::

    dualcenter take-images data/coco/annotations/person_keypoints_train2017.json data/few --images 16 \
        --images-dir data/coco/train2017
    dualcenter take-images data/coco/annotations/person_keypoints_val2017.json data/coco_cc \
        --ids dualcenter_mmpose/coco/coco_cc_ids.json --images-dir data/coco/val2017
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dualcenter_mmpose.coco.image_ids import pick_images, read_image_ids

DEFAULT_NUMBER = 16


def take_images(content: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return annotations of the first images with a labelled person, and everything annotated in them.

    Args:
        content: of a COCO annotation file.
        number: of images.

    Raises:
        ValueError: if there are not so many.
    """
    labelled = {
        ann['image_id']
        for ann in content['annotations']
        if any(v > 0 for v in ann.get('keypoints', ())[2::3]) and not ann.get('iscrowd', 0)
    }
    images = [image for image in content['images'] if image['id'] in labelled]
    if not 1 <= number <= len(images):
        raise ValueError(f'--images must be 1 to {len(images)}, the images with a labelled person, got {number}')
    return pick_images(content, [image['id'] for image in images[:number]])


def take_listed(content: Mapping[str, Any], ids_file: Path, split: str | None, name: str) -> dict[str, dict[str, Any]]:
    """Return ``{file name: annotations}`` of the images that a file lists, one for each of its splits.

    Args:
        content: of a COCO annotation file.
        ids_file: the list.
        split: the only one to take.
        name: of the annotation file if the list has no splits.

    Raises:
        ValueError: if the list is none, lacks the split, or names images that the annotation file lacks.
    """
    listed = read_image_ids(ids_file, split)
    return {
        f'person_keypoints_{part}.json' if part else name: pick_images(content, ids) for part, ids in listed.items()
    }


def write_set(contents: Mapping[str, Mapping[str, Any]], images_dir: Path, out: Path) -> None:
    """Write annotation files and copies of their images in one piece.

    Args:
        contents: of the annotation files, by name.
        images_dir: folder of the images.
        out: folder to make, with ``annotations/`` and ``images/``.

    Raises:
        FileExistsError: if the folder exists.
        FileNotFoundError: for an image that does not.
    """
    if out.exists():
        raise FileExistsError(f"'{out}' exists already: remove it, or name another folder")
    names = [image['file_name'] for content in contents.values() for image in content['images']]
    missing = [name for name in names if not (images_dir / name).is_file()]
    if missing:
        raise FileNotFoundError(f"image '{images_dir / missing[0]}' does not exist: give --images-dir")
    partial = out.with_name(out.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    (partial / 'annotations').mkdir(parents=True)
    for file_name, content in contents.items():
        (partial / 'annotations' / file_name).write_text(json.dumps(content))
    for name in names:
        target = partial / 'images' / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(images_dir / name, target)
    partial.rename(out)


def main() -> int:
    """Make the data set; return the exit status."""
    args = parse_args()
    images_dir = args.images_dir or args.annotations.parent.parent / 'images'
    try:
        contents = choose(json.loads(args.annotations.read_text()), args)
        write_set(contents, images_dir, args.out)
    except (OSError, ValueError) as error:
        print(f'take_images: {error}', file=sys.stderr)
        return 2
    except KeyError as error:
        print(f"take_images: '{args.annotations}' has no entry {error}: not a COCO annotation file", file=sys.stderr)
        return 2
    for name, content in contents.items():
        numbers = f'{len(content["images"])} images, {len(content["annotations"])} annotations'
        print(f'wrote {args.out / "annotations" / name}: {numbers}')
    return 0


def choose(content: Mapping[str, Any], args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return ``{file name: annotations}`` of what the options ask for.

    Raises:
        ValueError: if they ask for what there is not.
    """
    if args.ids is not None:
        return take_listed(content, args.ids, args.split, args.annotations.name)
    if args.split is not None:
        raise ValueError('--split is a part of --ids FILE: give both')
    number = DEFAULT_NUMBER if args.images is None else args.images
    return {args.annotations.name: take_images(content, number)}


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', type=Path, help='COCO annotation file')
    parser.add_argument('out', type=Path, help='folder to make')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--images', type=int, metavar='N', help=f'how many of the first (default: {DEFAULT_NUMBER})')
    which.add_argument('--ids', type=Path, metavar='FILE', help='ids as a JSON list, a JSON object by split, or lines')
    parser.add_argument('--split', metavar='NAME', help='of the list, only this split')
    parser.add_argument('--images-dir', type=Path, help="default: images/ beside the annotations' folder")
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
