"""What is compared: models (config and checkpoint) and keypoint result files, each under a name of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

NO_CHECKPOINT = 'none'
"""In place of a checkpoint: only what the model costs is wanted."""
_FORM = "{'name': ..., 'config': ..., 'checkpoint': ...} or {'name': ..., 'results': ...}"


class Entry(NamedTuple):
    """One method.

    Attributes:
        name: in tables and pictures.
        config: config file, or ``mmpose::PATH``; ``None`` for a result file.
        checkpoint: its weights; :data:`NO_CHECKPOINT` for none.
        results: COCO keypoint results; ``None`` for a model.
    """

    name: str
    config: str | None = None
    checkpoint: str | None = None
    results: str | None = None

    @property
    def slug(self) -> str:
        """The name as a folder name."""
        return re.sub(r'[^A-Za-z0-9._-]+', '-', self.name).strip('-.') or 'entry'


def collect_entries(
    models: Sequence[Sequence[str]], results: Sequence[Sequence[str]], list_files: Sequence[Path]
) -> list[Entry]:
    """Return the entries of a command line: those of list files first, then models, then result files.

    Args:
        models: (name, config, checkpoint) each.
        results: (name, file) each.
        list_files: YAML or JSON, see :func:`read_list`.

    Raises:
        ValueError: if there is none, or two have the same name or the same folder name.
    """
    entries = [entry for path in list_files for entry in read_list(path)]
    entries += [Entry(name, config=config, checkpoint=checkpoint) for name, config, checkpoint in models]
    entries += [Entry(name, results=path) for name, path in results]
    if not entries:
        raise ValueError('nothing to compare: give --model NAME CONFIG CKPT, --results NAME FILE or --list FILE')
    slugs = [entry.slug for entry in entries]
    twice = sorted({entry.name for entry in entries if slugs.count(entry.slug) > 1})
    if twice:
        raise ValueError(f'every entry needs a name of its own, but these are alike: {twice}')
    return entries


def read_list(path: Path) -> list[Entry]:
    """Return the entries of a YAML or JSON file: a list, or a dictionary whose ``entries`` is one.

    Relative paths are meant from the file's own folder.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it has another form.
    """
    if not path.is_file():
        raise FileNotFoundError(f"list of entries '{path}' does not exist")
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))  # JSON is YAML, too
    except yaml.YAMLError as error:
        raise ValueError(f"list of entries '{path}' is neither YAML nor JSON: {error}") from error
    rows = content.get('entries') if isinstance(content, Mapping) else content
    if not isinstance(rows, list):
        raise ValueError(f"list of entries '{path}' must hold a list of {_FORM}, got {type(rows).__name__}")
    return [_read_row(path, number, row) for number, row in enumerate(rows)]


def _read_row(path: Path, number: int, row: Any) -> Entry:
    keys = set(row) if isinstance(row, Mapping) else set()
    if keys not in ({'name', 'config', 'checkpoint'}, {'name', 'results'}):
        raise ValueError(f"'{path}', entry {number}: expected {_FORM}, got {row!r}")
    found = {key: str(value) for key, value in row.items()}
    for key in ('config', 'checkpoint', 'results'):
        value = found.get(key)
        if value is not None and value != NO_CHECKPOINT and '::' not in value and '://' not in value:
            found[key] = str(path.parent / value)
    return Entry(**found)
