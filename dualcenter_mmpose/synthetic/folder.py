"""A data set's folder: begun, resumed, and finished without anything half-written.

While work goes on, a hidden folder holds the arguments and one small file per finished image with
its COCO entries; the annotation files are made of these at the end, and the hidden folder goes away.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from .settings import Settings
from .skeleton import KEYPOINT_NAMES

GENERATOR_VERSION = '1.0'
_PARTS, _DONE = '.unfinished', '.finished'  # renamed before it is deleted, which takes a while
_SKELETON = (
    (16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9), (8, 10), (9, 11),
    (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7),
)  # fmt: skip


def make_info(settings: Settings) -> dict[str, Any]:
    """Return the `info` of the annotation files, which says how the set was made."""
    return {
        'description': 'Synthetic people: articulated 3D figures with COCO keypoints',
        'version': GENERATOR_VERSION,
        'seed': settings.seed,
        'arguments': settings.describe(),
    }


def image_path(folder: Path, idx: int) -> Path:
    """Return where image `idx` (from 0) lies; its id is `idx` + 1."""
    return folder / 'images' / f'{idx + 1:012d}.jpg'


def part_path(folder: Path, idx: int) -> Path:
    """Return where the COCO entries of image `idx` wait for the end; they are written after the image."""
    return folder / _PARTS / f'{idx + 1:012d}.json'


def _split_path(folder: Path, split: str) -> Path:
    return folder / 'annotations' / f'person_keypoints_{split}.json'


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    temporary.write_bytes(content)
    os.replace(temporary, path)


def _read_json(path: Path) -> Any:
    """Return a file's content, None where it is missing or broken."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def open_folder(folder: Path, info: dict[str, Any]) -> bool:
    """Return whether the folder holds the whole set already; prepare it for work if not.

    Raises:
        FileExistsError: If the folder holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f'{folder} is a file; name a folder for the data set')
    parts = folder / _PARTS
    begun = _read_json(parts / 'arguments.json')
    if begun is None and folder.is_dir() and any(child != parts for child in folder.iterdir()):
        if _is_complete(folder, info):
            shutil.rmtree(folder / _DONE, ignore_errors=True)
            return True
        raise FileExistsError(
            f'{folder} exists, is not empty and was not begun with these arguments ({_brief(info)}); '
            'name another folder or empty this one'
        )
    if begun is not None and begun != info:
        raise FileExistsError(
            f'{folder} holds a set begun with other arguments: expected {_brief(info)}, found {_brief(begun)}; '
            'repeat those to finish it, or name another folder'
        )
    parts.mkdir(parents=True, exist_ok=True)
    if begun is None:
        write_whole(parts / 'arguments.json', json.dumps(info).encode())
    for name in ('images', 'annotations'):
        (folder / name).mkdir(exist_ok=True)
    return False


def _is_complete(folder: Path, info: dict[str, Any]) -> bool:
    contents = [_read_json(_split_path(folder, split)) for split in ('train', 'val')]
    return all(isinstance(content, dict) and content.get('info') == info for content in contents)


def _brief(info: dict[str, Any]) -> str:
    return f'version {info.get("version")}, seed {info.get("seed")}, {json.dumps(info.get("arguments"))}'


def is_finished(folder: Path, idx: int, is_complete: bool) -> bool:
    """Return whether image `idx` needs no more work."""
    if not image_path(folder, idx).is_file():
        return False
    return is_complete or _read_json(part_path(folder, idx)) is not None


def finish_folder(folder: Path, settings: Settings) -> None:
    """Write both annotation files from the parts, then remove the parts."""
    first_val = settings.num_images - settings.num_val
    next_id = 1
    for split, indices in (('train', range(first_val)), ('val', range(first_val, settings.num_images))):
        images, annotations = [], []
        for idx in indices:
            part = _read_json(part_path(folder, idx))
            if part is None:
                raise ValueError(f'{part_path(folder, idx)} vanished; run the same command again to go on')
            images.append(part['image'])
            for annotation in part['annotations']:
                annotations.append({'id': next_id, 'image_id': idx + 1, **annotation})
                next_id += 1
        content = {
            'info': make_info(settings),
            'licenses': [],
            'categories': [_category()],
            'images': images,
            'annotations': annotations,
        }
        write_whole(_split_path(folder, split), json.dumps(content).encode())
    for left_over in [*folder.glob('images/.*.tmp'), *folder.glob('annotations/.*.tmp')]:
        left_over.unlink()
    os.replace(folder / _PARTS, folder / _DONE)
    shutil.rmtree(folder / _DONE)


def _category() -> dict[str, Any]:
    return {
        'supercategory': 'person',
        'id': 1,
        'name': 'person',
        'keypoints': list(KEYPOINT_NAMES),
        'skeleton': [list(bone) for bone in _SKELETON],
    }
