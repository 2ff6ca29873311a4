"""Whether the image files that an annotation file names are there and can be read."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable

import numpy as np


def find_missing_images(file_names: Iterable[str], images_dir: str) -> list[str]:
    """Return the names without a file, in the order given.

    Each folder is listed once, which is faster than asking for every file of a large set.

    Args:
        file_names: paths relative to ``images_dir``, '/' between folders.
        images_dir: folder of the images.
    """
    names = list(file_names)
    wanted: dict[str, list[str]] = defaultdict(list)
    for name in names:
        wanted[os.path.dirname(name)].append(name)
    missing: set[str] = set()
    for folder, members in wanted.items():
        present = _list_files(os.path.join(images_dir, folder))
        missing.update(name for name in members if os.path.basename(name) not in present)
    return [name for name in names if name in missing]


def _list_files(folder: str) -> set[str]:
    """Return the names of the files (or links to files) in a folder; none if there is no folder."""
    if not os.path.isdir(folder):
        return set()
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries if entry.is_file()}


def describe_broken_image(path: str) -> str | None:
    """Return why an image file cannot be read, or None if it can.

    The file is read and decoded as a whole, so a truncated one is found.
    """
    if not os.path.isfile(path):
        return 'the image file does not exist'
    # OpenCV takes longer to import than small tools run, and only a broken image needs it here.
    import cv2

    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        return f'the image file cannot be read: {error}'
    if content.size == 0:
        return 'the image file is empty'
    if cv2.imdecode(content, cv2.IMREAD_COLOR) is None:
        return f'the image file ({content.size} bytes) is corrupt, truncated or of an unknown format'
    return None
