"""Config files that a command line names, read or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hub import get_config


def read_config(name: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Return a config file, or one of an installed OpenMMLab package (``mmpose::...``).

    Args:
        name: path, or ``PACKAGE::PATH``.
        options: settings to change, by dotted keys.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, or an option leads nowhere.
    """
    if '::' not in str(name) and not Path(name).is_file():
        raise FileNotFoundError(f"config '{name}' does not exist")
    try:
        config = get_config(str(name)) if '::' in str(name) else Config.fromfile(name)
    except Exception as error:  # a config is a program: anything can go wrong in it
        raise ValueError(f"config '{name}' cannot be read: {type(error).__name__}: {error}") from error
    try:
        config.merge_from_dict(options or {})
    except (AssertionError, KeyError, TypeError) as error:
        raise ValueError(f'--cfg-options: {error}') from error
    return config
