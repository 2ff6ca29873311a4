"""Which steps are done: one small file a step, written only after the step has succeeded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

STAMPS = 'setup-stamps'
LOGS = 'setup-logs'
LOCK = 'setup.lock'


def is_done(venv: Path, name: str, fingerprint: str) -> bool:
    """Return whether the step has succeeded with this fingerprint and is still in place."""
    try:
        written = (venv / STAMPS / name).read_text(encoding='utf-8')
    except OSError:
        return False
    # A link to a Python that has since been removed does not exist.
    return written.strip() == fingerprint and (venv / 'bin' / 'python').exists()


def forget(venv: Path, name: str) -> None:
    """Remove the stamp of a step, if there is one."""
    (venv / STAMPS / name).unlink(missing_ok=True)


def remember(venv: Path, name: str, fingerprint: str) -> None:
    """Write the stamp of a step in one move, so that an interruption never leaves half of it."""
    stamp = venv / STAMPS / name
    stamp.parent.mkdir(parents=True, exist_ok=True)
    partial = stamp.with_name(f'{name}.partial')
    partial.write_text(fingerprint + '\n', encoding='utf-8')
    os.replace(partial, stamp)


def claim(venv: Path) -> None:
    """Make venv a folder of ours.

    Raises:
        FileExistsError: It is a folder with something else in it, or no folder.
    """
    if venv.exists() and not is_ours(venv) and (not venv.is_dir() or any(venv.iterdir())):
        raise FileExistsError(venv)
    (venv / STAMPS).mkdir(parents=True, exist_ok=True)
    (venv / LOGS).mkdir(exist_ok=True)


def is_ours(venv: Path) -> bool:
    """Return whether the set-up made this folder."""
    return (venv / STAMPS).is_dir()


def clear(venv: Path) -> None:
    """Empty an environment of ours but for the lock that the running set-up holds."""
    for path in venv.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
    (venv / STAMPS).mkdir()
    (venv / LOGS).mkdir()
