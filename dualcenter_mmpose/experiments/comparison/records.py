"""What is known of entries already: one folder each, whose record is valid while nothing that made it has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmpose
from mmengine.config import Config
from mmengine.hub import get_config

from dualcenter_mmpose.experiments.comparison.entries import NO_CHECKPOINT, Entry
from dualcenter_mmpose.version import __version__

RECORD = 'record.json'
FORM = 1
"""Changes when records of older programs can no longer be used."""


def entry_folder(work_dir: Path, entry: Entry) -> Path:
    """Return the folder of an entry's record, predictions and log."""
    return work_dir / 'entries' / entry.slug


def load_entry_config(name: str) -> Config:
    """Return a config file, or one of an installed OpenMMLab package (``mmpose::...``).

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if '::' in name:
        return get_config(name)
    if not Path(name).is_file():
        raise FileNotFoundError(f"config '{name}' does not exist")
    return Config.fromfile(name)


def entry_fingerprint(entry: Entry, shared: Mapping[str, Any]) -> str:
    """Return a fingerprint of all that decides on an entry's numbers.

    Args:
        entry: the entry.
        shared: what is the same for all entries: data and options, ready for JSON.

    Raises:
        Exception: of any kind, if a config cannot be read: a config is a program.
    """
    own: dict[str, Any] = dict(form=FORM, versions=[__version__, mmpose.__version__], shared=dict(shared))
    if entry.results is not None:
        own['results'] = file_digest(entry.results)
    else:
        own['config'] = load_entry_config(entry.config or '').to_dict()
        is_file = entry.checkpoint != NO_CHECKPOINT and '://' not in (entry.checkpoint or '')
        own['checkpoint'] = file_digest(entry.checkpoint or '') if is_file else entry.checkpoint
    return hashlib.sha256(json.dumps(own, sort_keys=True, default=str).encode()).hexdigest()


def file_digest(path: str | Path) -> str:
    """Return a digest of a file's content.

    Raises:
        FileNotFoundError: if it does not exist.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"file '{path}' does not exist")
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def read_record(folder: Path, fingerprint: str | None = None) -> dict[str, Any] | None:
    """Return an entry's record, ``None`` where there is none with this fingerprint.

    Args:
        folder: of the entry.
        fingerprint: that the record must have; any by default.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None  # nothing was finished here
    return record if fingerprint in (None, record.get('fingerprint')) else None
