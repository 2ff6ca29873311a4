"""Reading and writing JSON files, and refusing bad ones by file, entry, value and remedy."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Union

import numpy as np
from numpy.typing import NDArray

from dualcenter_mmpose.utils import files

PathLike = Union[str, 'os.PathLike[str]']

_NUM_SHOWN = 5
"""Offending entries quoted in a message; the total is always given."""


class AnnotationError(ValueError):
    """Unusable annotation or result file; the message names file, entry, value and remedy."""


def read_json(path: PathLike, kind: str = 'annotation file') -> object:
    """Return the content of a JSON file.

    Args:
        path: file to read.
        kind: what the file is, for messages.

    Raises:
        AnnotationError: if the file is missing, no file, unreadable, truncated or not JSON.
    """
    if not os.path.isfile(path):
        found = 'is a folder' if os.path.isdir(path) else 'does not exist'
        raise AnnotationError(f"{kind} '{os.fspath(path)}' {found}: give the path of a JSON file")
    try:
        content: object = json.loads(Path(path).read_bytes())
        return content
    except OSError as error:
        raise AnnotationError(f"{kind} '{os.fspath(path)}' cannot be read: {error}") from error
    except ValueError as error:
        raise AnnotationError(
            f"{kind} '{os.fspath(path)}' ({os.path.getsize(path)} bytes) is truncated or not JSON: "
            f'{error}; fetch or write the file again'
        ) from error


def write_json(path: PathLike, content: object) -> None:
    """Write a JSON file by :func:`dualcenter_mmpose.utils.files.write_json`; folders are made as needed."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    files.write_json(path, content)


def refuse(path: PathLike, problem: str, offenders: Sequence[str], remedy: str) -> None:
    """Raise AnnotationError if there are offenders; the first few are quoted.

    Args:
        path: the file at fault.
        problem: what is wrong with the entries, with the key and the value expected.
        offenders: one short text per entry at fault: its id and the value received.
        remedy: what to do about it.
    """
    if not offenders:
        return
    shown = '; '.join(offenders[:_NUM_SHOWN])
    if len(offenders) > _NUM_SHOWN:
        shown += f'; and {len(offenders) - _NUM_SHOWN} more'
    raise AnnotationError(f'{os.fspath(path)}: {problem} ({len(offenders)} in total): {shown}. {remedy}')


def find_duplicates(values: Iterable[Hashable]) -> list[Hashable]:
    """Return each value that occurs more than once, in the order of its second occurrence."""
    seen: set[Hashable] = set()
    repeated: dict[Hashable, None] = {}
    for value in values:
        if value in seen:
            repeated[value] = None
        seen.add(value)
    return list(repeated)


def number_rows(rows: Sequence[object], length: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return rows of numbers as one array, and which of the rows are rows of numbers at all.

    Args:
        rows: N values that should each be a list of ``length`` numbers.
        length: numbers per row.

    Returns:
        values: (N, length); NaN in rows of another form.
        is_row: (N,) False for rows of another form. NaN and infinities count as numbers.
    """
    try:
        whole = np.asarray(rows)
        if whole.shape == (len(rows), length) and whole.dtype.kind in 'iuf':
            return whole.astype(np.float64), np.ones(len(rows), dtype=np.bool_)
    except ValueError:
        pass  # Ragged rows: each is looked at alone below.
    values = np.full((len(rows), length), np.nan)
    is_row = np.asarray([_is_number_row(row, length) for row in rows], dtype=np.bool_)
    for idx in np.flatnonzero(is_row):
        values[idx] = rows[idx]
    return values, is_row


def _is_number_row(row: object, length: int) -> bool:
    return isinstance(row, (list, tuple)) and len(row) == length and all(isinstance(v, (int, float)) for v in row)
