"""Lists of image ids, read from a file, and the part of an annotation file that belongs to them.

``coco_cc_ids.json`` beside this module is such a file: with splits, and with words on where its images come from.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

NUM_NAMED = 10
"""Ids that a message names before it counts the rest."""

FORMS = 'expected a JSON list of ids, a JSON object of such lists by split, or a text with an id a line'


def read_image_ids(path: Path, split: str | None = None) -> dict[str, list[int]]:
    """Return ``{split: ids}`` of a file; a file without splits has one, whose name is empty.

    Args:
        path: a JSON list, a JSON object with a list for each split (what is not a list of ids there is a note), or a
            text with an id a line.
        split: the one to return; all of them by default.

    Raises:
        ValueError: if the file is none of these, or lacks the split.
    """
    text = path.read_text(encoding='utf-8').strip()
    content = parse_ids(text, path)
    if isinstance(content, dict):
        splits = {name: ids for name, ids in content.items() if is_id_list(ids)}
    else:
        splits = {'': content} if is_id_list(content) else {}
    if not splits:
        raise ValueError(f"'{path}' names no image: {FORMS}")
    if split is None:
        return splits
    if split not in splits:
        has = f'has the splits {", ".join(splits)}' if isinstance(content, dict) else 'has no splits'
        raise ValueError(f"--split {split} is not in '{path}', which {has}")
    return {split: splits[split]}


def parse_ids(text: str, path: Path) -> Any:
    """Return what a file of ids holds, JSON or an id a line.

    Raises:
        ValueError: if it is neither.
    """
    try:
        return json.loads(text) if text.startswith(('[', '{')) else [int(line) for line in text.split('\n') if line]
    except ValueError as error:
        raise ValueError(f"'{path}' cannot be read ({error}): {FORMS}") from None


def is_id_list(value: Any) -> bool:
    """Return whether a value is a list of ids, at least one."""
    return isinstance(value, list) and bool(value) and all(type(one) is int for one in value)


def pick_images(content: Mapping[str, Any], ids: Collection[int]) -> dict[str, Any]:
    """Return annotations of the images with these ids, and everything annotated in them, in the order of the file.

    Args:
        content: of a COCO annotation file.
        ids: of the images, in any order.

    Raises:
        ValueError: if the file lacks some.
    """
    missing = sorted(set(ids) - {image['id'] for image in content['images']})
    if missing:
        named = ', '.join(map(str, missing[:NUM_NAMED]))
        more = f' and {len(missing) - NUM_NAMED} more' if len(missing) > NUM_NAMED else ''
        raise ValueError(f'{len(missing)} of {len(set(ids))} ids are not in the annotation file: {named}{more}')
    wanted = set(ids)
    images = [image for image in content['images'] if image['id'] in wanted]
    annotations = [ann for ann in content['annotations'] if ann['image_id'] in wanted]
    return {**content, 'images': images, 'annotations': annotations}
