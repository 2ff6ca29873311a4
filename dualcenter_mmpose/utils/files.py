"""Writing files whole or not at all: a reader finds the old content or the new one, whatever happens to the writer."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Union

PathLike = Union[str, 'os.PathLike[str]']


@contextlib.contextmanager
def replace_file(path: PathLike) -> Iterator[Path]:
    """Context in which a file is written under a temporary name; it takes its own name at the end.

    For functions that take a path: ``with replace_file(out) as temporary: torch.save(content, temporary)``.

    Args:
        path: file to write. Its folder must be there.

    Yields:
        A path in the same folder, with the same suffix, that no other writer uses; there is no such file yet.

    Raises:
        FileNotFoundError: if the folder is missing, or nothing was written at the temporary path.
        OSError: if the file cannot be written. The temporary file is removed then, as after any other error.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write '{target}': the folder '{target.parent}' does not exist")
    # The suffix stays last, because cv2.imwrite and Config.dump choose the format by it.
    temporary = target.with_name(f'.{target.stem[:100]}.{uuid.uuid4().hex}.partial{target.suffix}')
    try:
        yield temporary
        if not temporary.is_file():
            raise FileNotFoundError(f"cannot write '{target}': its writer left no file")
        # Without it a power cut may leave the new name on an empty file.
        with temporary.open('rb+') as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: PathLike, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: if the folder is missing or the file cannot be written; nothing is left behind.
    """
    with replace_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: PathLike, text: str) -> None:
    """Write a text file in UTF-8 with the line ends as given, whole or not at all.

    Raises:
        OSError: if the folder is missing or the file cannot be written; nothing is left behind.
    """
    write_bytes(path, text.encode())


def write_json(path: PathLike, value: object, indent: int | None = 2) -> None:
    """Write a JSON file that ends in a line end, whole or not at all.

    Args:
        path: file to write.
        value: content.
        indent: spaces per depth; None for one line.

    Raises:
        TypeError: if the content is not made of JSON's types.
        ValueError: if it holds NaN or an infinity, which JSON has no word for.
        OSError: if the folder is missing or the file cannot be written; nothing is left behind.
    """
    write_text(path, json.dumps(value, indent=indent, allow_nan=False) + '\n')
