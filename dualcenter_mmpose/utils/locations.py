"""Where the package, its configs and the clone around it lie."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

PACKAGE = 'dualcenter_mmpose'


def package_folder() -> Path:
    """Return the folder of the package."""
    return Path(str(resources.files(PACKAGE)))


def source_tree() -> Path | None:
    """Return the clone that the package lies in; ``None`` for an installed copy."""
    root = package_folder().parent
    return root if (root / 'setup.py').is_file() and (root / 'configs').is_dir() else None


def configs_folder() -> Path:
    """Return the folder of the shipped configs: of the clone, or of the installed copy, where `mim` looks.

    Raises:
        FileNotFoundError: if the installed copy has none.
    """
    clone = source_tree()
    folder = clone / 'configs' if clone else package_folder() / '.mim' / 'configs'
    if not folder.is_dir():
        raise FileNotFoundError(
            f"'{folder}' does not exist: the package was installed without its configs; "
            'install it by `pip install .`, not as editable'
        )
    return folder
