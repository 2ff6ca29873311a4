"""Where the installed MMPose keeps its own command-line tools."""

from __future__ import annotations

from importlib import util
from pathlib import Path


def find_host_tool(name: str, package: str = 'mmpose') -> Path:
    """Return the path of a tool of the installed MMPose, `train.py` for one.

    A released MMPose carries its tools in `.mim/tools`, a source tree beside the package.

    Raises:
        FileNotFoundError: MMPose is absent, or carries no such tool.
    """
    spec = util.find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for folder in folders:
        for tools in (folder / '.mim' / 'tools', folder.parent / 'tools'):
            if (tools / name).is_file():
                return tools / name
    searched = ', '.join(map(str, folders)) or 'nothing of that name'
    raise FileNotFoundError(
        f'expected the tool {name} in the installed {package}, searched {searched}; '
        'install a release of it: pip install --no-deps mmpose==1.3.2'
    )
