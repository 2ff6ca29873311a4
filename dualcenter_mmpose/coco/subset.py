"""A small data set in COCO's form made of some images of a large one, with everything that is annotated in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dualcenter_mmpose.coco.file_checks import AnnotationError, read_json
from dualcenter_mmpose.coco.image_ids import pick_images, read_image_ids

LISTS = ('images', 'annotations')


def read_content(path: Path) -> dict[str, Any]:
    """Return the content of a COCO annotation file, not checked beyond its having images and annotations.

    Raises:
        AnnotationError: if the file is missing, broken or no COCO annotation file.
    """
    content: Any = read_json(path)
    missing = [key for key in LISTS if not isinstance(content, dict) or not isinstance(content.get(key), list)]
    if missing:
        raise AnnotationError(f"'{path}' has no list {missing[0]!r}: give a COCO annotation file")
    return {**content}


def labelled_image_ids(content: Mapping[str, Any]) -> list[int]:
    """Return the ids of the images with a labelled person, in the order of the file."""
    labelled = {
        ann['image_id']
        for ann in content['annotations']
        if any(v > 0 for v in ann.get('keypoints', ())[2::3]) and not ann.get('iscrowd', 0)
    }
    return [image['id'] for image in content['images'] if image['id'] in labelled]


def first_labelled(content: Mapping[str, Any], number: int) -> list[int]:
    """Return the ids of the first images with a labelled person.

    Args:
        content: of a COCO annotation file.
        number: of images.

    Raises:
        ValueError: if there are not so many.
    """
    ids = labelled_image_ids(content)
    if not 1 <= number <= len(ids):
        raise ValueError(f'--images must be 1 to {len(ids)}, the images with a labelled person, got {number}')
    return ids[:number]


def take_listed(content: Mapping[str, Any], ids_file: Path, split: str | None, name: str) -> dict[str, dict[str, Any]]:
    """Return ``{file name: annotations}`` of the images that a file lists, one for each of its splits.

    Args:
        content: of a COCO annotation file.
        ids_file: the list.
        split: the only one to take; all by default.
        name: of the annotation file if the list has no splits.

    Raises:
        ValueError: if the list is none, lacks the split, or names images that the annotation file lacks.
    """
    listed = read_image_ids(ids_file, split)
    return {
        f'person_keypoints_{part}.json' if part else name: pick_images(content, ids) for part, ids in listed.items()
    }


def write_subset(contents: Mapping[str, Mapping[str, Any]], images_dir: Path, out: Path) -> None:
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
