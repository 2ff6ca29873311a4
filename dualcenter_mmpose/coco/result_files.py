"""Checks on COCO keypoint result files, the exchange format of predicted poses."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
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

Record = dict[str, Any]


def load_results(
    path: PathLike, image_ids: Collection[int], category_ids: Collection[int] | None = None
) -> list[Record]:
    """Return the rows of a result file after checking them.

    Args:
        path: the file.
        image_ids: images of the annotation file.
        category_ids: its categories; None takes any.

    Raises:
        AnnotationError: see :func:`check_results`; also if the file is missing or not JSON.
    """
    return check_results(read_json(path, 'result file'), image_ids, category_ids, path=path)


def check_results(
    results: object,
    image_ids: Collection[int],
    category_ids: Collection[int] | None = None,
    *,
    path: PathLike = 'results',
) -> list[Record]:
    """Return the rows of a COCO keypoint result file if all of them can be used.

    Any number of rows may name the same image; what may not occur twice is a row, as it does when
    the outputs of several processes are joined carelessly. No row at all is fine.

    Args:
        results: content of the file: a list of dictionaries with ``image_id``, ``keypoints`` (x, y,
            score per keypoint) and ``score``; ``category_id``, ``id`` and ``bbox`` are optional.
        image_ids: images of the annotation file.
        category_ids: its categories; None takes any.
        path: the file's name, for messages.

    Raises:
        AnnotationError: if the content is no list of dictionaries, a key is missing, an image or
            category is unknown, a row or an ``id`` occurs twice, or a number is missing or not
            finite.
    """
    name = os.fspath(path)
    if not isinstance(results, list):
        raise AnnotationError(
            f'{name}: COCO results are a list of rows, but the content is a '
            f'{type(results).__name__}: write the list of predictions alone'
        )
    odd = [f'row {i}: {type(r).__name__}' for i, r in enumerate(results) if not isinstance(r, dict)]
    refuse(name, 'rows must be dictionaries', odd, 'Repair or remove these rows.')
    for key in ('image_id', 'keypoints', 'score'):
        lacking = [f'row {i}: {sorted(r)}' for i, r in enumerate(results) if key not in r]
        refuse(name, f"rows without '{key}'", lacking, f"Give every row a '{key}'.")
    _check_references(name, results, 'image_id', image_ids)
    if category_ids is not None:
        posed = [r for r in results if 'category_id' in r]
        _check_references(name, posed, 'category_id', category_ids)
    _check_numbers(name, results)
    _check_duplicates(name, results)
    return results


def _check_references(path: str, results: Sequence[Record], key: str, known_ids: Collection[int]) -> None:
    """Refuse rows that refer to an image or category the annotations do not have."""
    known = set(known_ids)
    unknown = [f'row {i}: {r[key]!r}' for i, r in enumerate(results) if type(r[key]) is not int or r[key] not in known]
    remedy = 'Score the results against the annotation file they were made for.'
    refuse(path, f'{key} is not in the annotation file', unknown, remedy)


def _check_numbers(path: str, results: Sequence[Record]) -> None:
    """Refuse scores and keypoints that are no finite numbers or not three per keypoint."""
    scores, _ = number_rows([[r['score']] for r in results], 1)
    bad = np.flatnonzero(~np.isfinite(scores).all(1))
    shown = [f'row {i} (image {results[i]["image_id"]}): {results[i]["score"]!r}' for i in bad]
    refuse(path, "'score' must be a finite number", shown, 'Correct or remove these rows.')
    first = results[0]['keypoints'] if results else []
    length = len(first) if isinstance(first, list) and len(first) % 3 == 0 else 0
    keypoints, is_row = number_rows([r['keypoints'] for r in results], max(length, 1))
    where = [f'row {i} (image {r["image_id"]})' for i, r in enumerate(results)]
    wanted = f"'keypoints' must be {length or '3 K'} numbers (x, y, score per keypoint) in every row"
    shown = [where[i] for i in np.flatnonzero(~is_row)]
    refuse(path, wanted, shown, 'Write all keypoints; 0, 0, 0 marks an absent one.')
    shown = [where[i] for i in np.flatnonzero(~np.isfinite(keypoints).all(1))]
    refuse(path, "'keypoints' must be finite", shown, 'Write 0, 0, 0 for an absent keypoint.')


def _check_duplicates(path: str, results: Sequence[Record]) -> None:
    """Refuse rows that occur twice, as a whole or by their ``id``."""
    repeated = find_duplicates((r['image_id'], r['score'], tuple(r['keypoints'])) for r in results)
    shown = [f'image {row[0]}, score {row[1]}' for row in repeated if isinstance(row, tuple)]
    remedy = 'Write every prediction once; files of several processes may overlap.'
    refuse(path, 'rows occur more than once', shown, remedy)
    ids = [f'id {v}' for v in find_duplicates(r['id'] for r in results if 'id' in r)]
    refuse(path, 'row ids occur more than once', ids, remedy)
