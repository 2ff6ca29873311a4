"""Where numbers come from: the commit, the machine and the versions of a training."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import torch

from dualcenter_mmpose import __version__
from dualcenter_mmpose.experiments.profiling.timing import describe_machine
from dualcenter_mmpose.utils.files import write_json

FILE = 'origin.json'


def note_provenance(folder: Path, root: Path) -> None:
    """Write what a training of this folder starts with, once: a resumed one began with that, too.

    Args:
        folder: of the training.
        root: of the sources.
    """
    if not (folder / FILE).exists():
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        machine = describe_machine(device)
        del machine['threads']  # of this process, not of the training
        write_json(folder / FILE, dict(machine, dualcenter_mmpose=__version__, commit=find_commit(root)))


def read_provenance(folder: Path) -> dict[str, Any]:
    """Return what :func:`note_provenance` wrote; nothing where there is no file."""
    path = folder / FILE
    return dict(json.loads(path.read_text(encoding='utf-8'))) if path.is_file() else {}


def find_commit(root: Path) -> str | None:
    """Return the commit of a clone, with ``-dirty`` if files differ from it; ``None`` outside a clone."""
    if not (root / '.git').exists():  # a parent folder's repository would say nothing about these sources
        return None
    command = ['git', '-C', str(root), 'describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*']
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git
        return None
