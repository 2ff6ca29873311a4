"""Files written whole or not at all: a kill, a full disk or a second writer leaves the old file or the new one."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Union

PathLike = Union[str, 'os.PathLike[str]']


@contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """Name of a draft beside a file, which takes the file's place when the block ends without an error.

    The draft has the file's suffixes, by which writers of images and configs choose a format, and a name that no other
    process has. Missing folders are made.

    Args:
        path: of the file.

    Raises:
        OSError: if the file cannot be written; no draft stays.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f'.{target.stem}.', suffix=target.suffix, dir=target.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        _flush(draft)
        # A draft is its owner's alone; the file is to be as readable as any other that is written here.
        draft.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as draft:
        draft.write_bytes(content)


def write_text(path: PathLike, text: str) -> None:
    """Write a UTF-8 file whole or not at all."""
    write_bytes(path, text.encode('utf-8'))


def write_json(path: PathLike, content: object, indent: int | None = 2) -> None:
    """Write a JSON file whole or not at all.

    Raises:
        ValueError: for NaN or infinity, which JSON does not have.
        OSError: if the file cannot be written.
    """
    write_text(path, json.dumps(content, indent=indent, allow_nan=False) + '\n')


def _flush(path: Path) -> None:
    """Bring a file to the disk: a rename may reach it before the content does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    """Bits that new files do not get. It can be read only by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
