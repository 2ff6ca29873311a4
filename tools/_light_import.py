"""Import pure modules of the package without what importing the package registers.

``import dualcenter_mmpose`` registers everything with MMPose and so spends seconds on importing
torch and MMPose. The pure modules need neither. Here the package and its subpackages are entered as
bare namespaces: modules inside them import as usual, by their full names and from their usual
place, but the ``__init__`` files do not run. A process that did this must not use MMPose registries
later on, so only command-line tools do it.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = 'dualcenter_mmpose'


def find_package_dir(tool_file: str) -> Path:
    """Return the folder of the package that a tool belongs to.

    Args:
        tool_file: the tool's ``__file__``: in ``tools/`` of the source tree, or in ``.mim/tools/``
            of the installed package.

    Raises:
        ModuleNotFoundError: if the package is in neither place.
    """
    folder = Path(tool_file).resolve().parent
    for candidate in (folder.parent / PACKAGE, folder.parent.parent):
        if candidate.name == PACKAGE and candidate.is_dir():
            return candidate
    raise ModuleNotFoundError(
        f"package '{PACKAGE}' is not beside '{folder}': run the tool from the source tree or from "
        f"'.mim/tools' of the installed package"
    )


def import_pure(name: str, package_dir: Path) -> ModuleType:
    """Return a module of the package, imported without running the ``__init__`` files above it.

    Args:
        name: full dotted name of the module.
        package_dir: folder of the package.
    """
    parents = name.split('.')[:-1]
    for depth in range(1, len(parents) + 1):
        _enter_namespace('.'.join(parents[:depth]), package_dir.joinpath(*parents[1:depth]))
    return importlib.import_module(name)


def _enter_namespace(name: str, folder: Path) -> None:
    """Enter a package as a bare namespace unless it is imported already."""
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
