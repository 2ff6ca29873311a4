"""Make a small COCO-style data set of the first images of a large one that have labelled people.

For a first look at one's own data, and to see whether a model can learn them by heart.

Example::

    dualcenter take-images data/coco/annotations/person_keypoints_train2017.json data/few --images 16 \
        --images-dir data/coco/train2017
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dualcenter_mmpose.coco.annotation_defaults import has_labels


def take_images(content: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return annotations of the first images with a labelled person, and everything annotated in them.

    Args:
        content: of a COCO annotation file.
        number: of images.

    Raises:
        ValueError: if there are not so many.
    """
    labelled = {ann['image_id'] for ann in content['annotations'] if has_labels(ann) and not ann.get('iscrowd', 0)}
    images = [image for image in content['images'] if image['id'] in labelled]
    if not 1 <= number <= len(images):
        raise ValueError(f'--images must be 1 to {len(images)}, the images with a labelled person, got {number}')
    images = images[:number]
    taken = {image['id'] for image in images}
    annotations = [ann for ann in content['annotations'] if ann['image_id'] in taken]
    return {**content, 'images': images, 'annotations': annotations}


def write_set(content: Mapping[str, Any], name: str, images_dir: Path, out: Path) -> None:
    """Write annotations and copies of their images in one piece.

    Args:
        content: of the annotation file.
        name: of the annotation file.
        images_dir: folder of the images.
        out: folder to make, with ``annotations/`` and ``images/``.

    Raises:
        FileExistsError: if the folder exists.
        FileNotFoundError: for an image that does not.
    """
    if out.exists():
        raise FileExistsError(f"'{out}' exists already: remove it, or name another folder")
    missing = [image['file_name'] for image in content['images'] if not (images_dir / image['file_name']).is_file()]
    if missing:
        raise FileNotFoundError(f"image '{images_dir / missing[0]}' does not exist: give --images-dir")
    partial = out.with_name(out.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    (partial / 'annotations').mkdir(parents=True)
    (partial / 'annotations' / name).write_text(json.dumps(content))
    for image in content['images']:
        target = partial / 'images' / image['file_name']
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(images_dir / image['file_name'], target)
    partial.rename(out)


def main() -> int:
    """Make the data set; return the exit status."""
    args = parse_args()
    images_dir = args.images_dir or args.annotations.parent.parent / 'images'
    try:
        content = take_images(json.loads(args.annotations.read_text()), args.images)
        write_set(content, args.annotations.name, images_dir, args.out)
    except (OSError, ValueError) as error:
        print(f'take_images: {error}', file=sys.stderr)
        return 2
    except KeyError as error:
        print(f"take_images: '{args.annotations}' has no entry {error}: not a COCO annotation file", file=sys.stderr)
        return 2
    print(f'wrote {args.out}: {len(content["images"])} images, {len(content["annotations"])} annotations')
    return 0


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', type=Path, help='COCO annotation file')
    parser.add_argument('out', type=Path, help='folder to make')
    parser.add_argument('--images', type=int, default=16, metavar='N', help='how many (default: 16)')
    parser.add_argument('--images-dir', type=Path, help="default: images/ beside the annotations' folder")
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
