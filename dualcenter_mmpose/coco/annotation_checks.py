"""Checks on COCO annotation files, made before training or evaluation starts.

A file that cannot be used ends in one :class:`AnnotationError`. What real COCO files contain and
the data sets can handle (boxes without extent, instances without a region) is counted in ``notes``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualcenter_mmpose.coco.file_checks import (
    AnnotationError,
    PathLike,
    find_duplicates,
    number_rows,
    read_json,
    refuse,
)
from dualcenter_mmpose.coco.image_checks import find_missing_images

__all__ = ['AnnotationError', 'CocoAnnotations', 'load_coco_annotations']

Record = dict[str, Any]


@dataclass(frozen=True)
class CocoAnnotations:
    """Content of a checked COCO keypoint file.

    Attributes:
        path: where it was read.
        images: entries with ``id``, ``file_name``, ``width``, ``height``.
        annotations: entries with ``id``, ``image_id``, ``category_id``, ``bbox``.
        categories: entries with ``id``.
        notes: oddities that are tolerated, one sentence each; empty for a clean file.
    """

    path: str
    images: list[Record]
    annotations: list[Record]
    categories: list[Record]
    notes: tuple[str, ...]

    @property
    def is_crowdpose(self) -> bool:
        """Whether the file is CrowdPose's, whose tools take the instance size from the box."""
        return any('crowdIndex' in image for image in self.images)

    @property
    def pose_category_ids(self) -> frozenset[int]:
        """Ids of the categories that list keypoints; of all categories if none does."""
        posed = [c['id'] for c in self.categories if c.get('keypoints')]
        return frozenset(posed or [c['id'] for c in self.categories])


def load_coco_annotations(
    path: PathLike,
    *,
    num_keypoints: int | None = None,
    keypoint_names: Sequence[str] | None = None,
    images_dir: str | None = None,
    require_annotations: bool = True,
) -> CocoAnnotations:
    """Return the content of a COCO annotation file after checking it.

    Args:
        path: the file.
        num_keypoints: keypoints per instance that the file must have; None takes any number.
        keypoint_names: their names in index order; the same names in another order are refused,
            other names are only noted.
        images_dir: folder whose files the image entries must name; None does not look.
        require_annotations: False accepts a file without the key ``annotations`` (test images).

    Raises:
        AnnotationError: if the file is missing, truncated or not COCO, has no categories, another
            number of keypoints, repeated or unknown ids, NaN or negative boxes, or names an image
            that is not there.
    """
    name = os.fspath(path)
    content = read_json(path)
    images, annotations, categories = _sections(name, content, require_annotations)
    _check_images(name, images)
    _check_categories(name, categories, num_keypoints, keypoint_names)
    _check_references(name, images, annotations, categories)
    _check_boxes(name, annotations)
    _check_keypoints(name, annotations, num_keypoints)
    if images_dir is not None:
        _check_image_files(name, images, images_dir)
    notes = [*_name_notes(categories, keypoint_names), *_annotation_notes(images, annotations)]
    return CocoAnnotations(name, images, annotations, categories, tuple(notes))


def _sections(path: str, content: object, require_annotations: bool) -> tuple[list[Record], list[Record], list[Record]]:
    """Return images, annotations and categories, each a list of dictionaries."""
    remedy = 'a COCO file is a dictionary with the lists images, annotations and categories'
    if not isinstance(content, dict):
        raise AnnotationError(f'{path}: not a COCO file, its content is a {_kind(content)}: {remedy}')
    required = ['images', 'categories', *(['annotations'] if require_annotations else [])]
    missing = [key for key in required if key not in content]
    if missing:
        raise AnnotationError(f'{path}: keys missing: {missing}; found: {sorted(content)}: {remedy}')
    sections = []
    for key in ('images', 'annotations', 'categories'):
        section = content.get(key, [])
        if not isinstance(section, list):
            raise AnnotationError(f"{path}: '{key}' is a {_kind(section)}, not a list: {remedy}")
        odd = [f'entry {i} is a {_kind(v)}' for i, v in enumerate(section) if not isinstance(v, dict)]
        refuse(path, f"'{key}' must hold dictionaries", odd, 'Repair or remove these entries.')
        sections.append(section)
    return sections[0], sections[1], sections[2]


def _kind(value: object) -> str:
    return type(value).__name__


def _check_keys(path: str, section: str, entries: Sequence[Record], keys: Sequence[str]) -> None:
    """Refuse entries that lack one of the keys."""
    for key in keys:
        lacking = [
            f'id {entry.get("id", "missing")} (entry {i})' for i, entry in enumerate(entries) if key not in entry
        ]
        refuse(path, f"'{section}' without '{key}'", lacking, f"Give every entry a '{key}'.")


def _check_ids(path: str, section: str, entries: Sequence[Record]) -> None:
    """Refuse ids that are no integers or occur twice."""
    odd = [repr(e['id']) for e in entries if type(e['id']) is not int]
    refuse(path, f"'{section}': ids must be integers", odd, 'Number the entries.')
    repeated = [f'id {v}' for v in find_duplicates(e['id'] for e in entries)]
    refuse(path, f"'{section}': ids occur more than once", repeated, 'Ids must be unique.')


def _check_images(path: str, images: Sequence[Record]) -> None:
    _check_keys(path, 'images', images, ('id', 'file_name', 'width', 'height'))
    _check_ids(path, 'images', images)
    odd = [f'id {i["id"]}: {i["file_name"]!r}' for i in images if not isinstance(i['file_name'], str)]
    refuse(path, "'images': file_name must be a text", odd, 'Name the image file.')
    sizes, is_row = number_rows([[i['width'], i['height']] for i in images], 2)
    # NaN compares False, so rows that hold no numbers are caught here too.
    bad = np.flatnonzero(~((sizes > 0).all(1) & is_row)) if images else ()
    shown = [f'id {images[i]["id"]}: {images[i]["width"]} x {images[i]["height"]}' for i in bad]
    refuse(path, "'images': width and height must be positive", shown, 'Write the size in pixels.')


def _check_categories(
    path: str,
    categories: Sequence[Record],
    num_keypoints: int | None,
    keypoint_names: Sequence[str] | None,
) -> None:
    """Refuse an empty list, other keypoint counts, and known names in another order."""
    if not categories:
        raise AnnotationError(f"{path}: 'categories' is empty: list the person category in it")
    _check_keys(path, 'categories', categories, ('id',))
    _check_ids(path, 'categories', categories)
    for category in categories:
        names = category.get('keypoints')
        if not names:
            continue
        label = f'{path}: category {category["id"]}'
        if num_keypoints is not None and len(names) != num_keypoints:
            raise AnnotationError(
                f"{label}: 'keypoints' names {len(names)} keypoints, the config's metainfo has "
                f'{num_keypoints}: use the metainfo of this data set or the right annotation file'
            )
        if keypoint_names and names != list(keypoint_names) and set(names) == set(keypoint_names):
            raise AnnotationError(
                f"{label}: 'keypoints' has the names of the config's metainfo in another order "
                f'({names} instead of {list(keypoint_names)}): keypoints would be swapped'
            )


def _check_references(
    path: str,
    images: Sequence[Record],
    annotations: Sequence[Record],
    categories: Sequence[Record],
) -> None:
    """Refuse repeated annotation ids and annotations of unknown images or categories."""
    _check_keys(path, 'annotations', annotations, ('id', 'image_id', 'category_id', 'bbox'))
    _check_ids(path, 'annotations', annotations)
    for key, section in (('image_id', images), ('category_id', categories)):
        known = {entry['id'] for entry in section}
        unknown = [f'id {a["id"]}: {a[key]!r}' for a in annotations if _is_unknown(a[key], known)]
        remedy = 'Remove these annotations or add what they refer to.'
        refuse(path, f"'annotations' whose {key} is not in the file", unknown, remedy)


def _is_unknown(value: object, known: set[int]) -> bool:
    return type(value) is not int or value not in known


def _check_boxes(path: str, annotations: Sequence[Record]) -> None:
    boxes, _ = number_rows([a['bbox'] for a in annotations], 4)
    is_good = np.isfinite(boxes).all(1) & (boxes[:, 2:] >= 0).all(1)
    bad = [annotations[i] for i in np.flatnonzero(~is_good)]
    shown = [f'id {a["id"]} (image {a["image_id"]}): {a["bbox"]}' for a in bad]
    problem = "'bbox' must be four finite numbers x, y, w, h with w and h not negative"
    refuse(path, problem, shown, 'Correct or remove these annotations.')
    sized = [a for a in annotations if a.get('area') is not None]
    areas, _ = number_rows([[a['area']] for a in sized], 1)
    bad = [sized[i] for i in np.flatnonzero(~(np.isfinite(areas) & (areas >= 0)).all(1))]
    shown = [f'id {a["id"]} (image {a["image_id"]}): {a["area"]}' for a in bad]
    remedy = 'Correct it or leave the key out; 0.53 of the box area is then taken.'
    refuse(path, "'area' must be a finite number and not negative", shown, remedy)


def _check_keypoints(path: str, annotations: Sequence[Record], num_keypoints: int | None) -> None:
    """Refuse keypoints of another number or with values that are not finite."""
    posed = [a for a in annotations if a.get('keypoints') is not None]
    if num_keypoints is not None and annotations and not posed:
        raise AnnotationError(
            f"{path}: none of {len(annotations)} annotations has 'keypoints': give the keypoint "
            "file (COCO: 'person_keypoints_*.json', not 'instances_*.json')"
        )
    if not posed:
        return
    expected = num_keypoints or _length(posed[0]['keypoints']) // 3
    wrong = [
        f'id {a["id"]} (image {a["image_id"]}): {_length(a["keypoints"])} values'
        for a in posed
        if _length(a['keypoints']) != 3 * expected
    ]
    wanted = f"'keypoints' must hold 3 values (x, y, visibility) for each of {expected} keypoints"
    remedy = 'Use the metainfo of this data set or the right annotation file.'
    refuse(path, wanted, wrong, remedy)
    values, _ = number_rows([a['keypoints'] for a in posed], 3 * expected)
    bad = [posed[i] for i in np.flatnonzero(~np.isfinite(values).all(1))]
    shown = [f'id {a["id"]} (image {a["image_id"]})' for a in bad]
    remedy = 'Write 0, 0, 0 for a keypoint that is not labelled.'
    refuse(path, "'keypoints' must be finite numbers", shown, remedy)


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _check_image_files(path: str, images: Sequence[Record], images_dir: str) -> None:
    if not os.path.isdir(images_dir):
        raise AnnotationError(
            f"{path}: the folder of its images, '{images_dir}', does not exist: correct data_root "
            'or data_prefix in the config'
        )
    missing = [f"'{name}'" for name in find_missing_images((i['file_name'] for i in images), images_dir)]
    remedy = 'Fetch the files, correct data_prefix in the config, or remove the image entries.'
    refuse(path, f"images that are not in '{images_dir}'", missing, remedy)


def _name_notes(categories: Sequence[Record], keypoint_names: Sequence[str] | None) -> list[str]:
    """Return a note for each category whose keypoint names are not the config's."""
    if not keypoint_names:
        return []
    return [
        f"category {c['id']} names its keypoints {c['keypoints']}, the config's metainfo "
        f'{list(keypoint_names)}; they are taken to be the same keypoints in the same order'
        for c in categories
        if c.get('keypoints') and set(c['keypoints']) != set(keypoint_names)
    ]


def _annotation_notes(images: Sequence[Record], annotations: Sequence[Record]) -> list[str]:
    """Return what is tolerated, one sentence per kind."""
    posed_images = {a['image_id'] for a in annotations}
    counts = {
        'annotations have a box without extent, which cannot be found': sum(
            a['bbox'][2] == 0 or a['bbox'][3] == 0 for a in annotations
        ),
        "annotations have an empty 'segmentation'; their box is taken as the region": sum(
            'segmentation' in a and not a['segmentation'] for a in annotations
        ),
        "annotations have no 'keypoints'; none of their keypoints counts as labelled": sum(
            a.get('keypoints') is None for a in annotations
        ),
        'images have no annotation': sum(i['id'] not in posed_images for i in images),
    }
    return [f'{count} {text}' for text, count in counts.items() if count]
