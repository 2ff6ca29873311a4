"""Test a model: MMPose's own `tools/test.py`, run after this package has registered its parts.

`mim test dualcenter_mmpose` starts this file, with one process or several. The options are those
of MMPose (`--help` lists them). Example: `python tools/test.py CONFIG CHECKPOINT`.
"""

from __future__ import annotations

import runpy
import sys

import dualcenter_mmpose  # noqa: F401, imported to register
from dualcenter_mmpose.utils.host_tools import find_host_tool


def main() -> None:
    """Run MMPose's tool in this process, as if it had been started itself."""
    try:
        tool = find_host_tool('test.py')
    except FileNotFoundError as error:
        sys.stderr.write(f'{error}\n')
        sys.exit(2)
    runpy.run_path(str(tool), run_name='__main__')


if __name__ == '__main__':
    main()
