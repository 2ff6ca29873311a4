from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from _light_import import find_package_dir

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


class TestFindPackageDir:
    """Where the package lies, seen from a tool."""

    @pytest.mark.parametrize(
        ('package', 'tools'),
        [
            ('repo/dualcenter_mmpose', 'repo/tools'),
            ('dualcenter_mmpose/dualcenter_mmpose', 'dualcenter_mmpose/tools'),
            ('site/dualcenter_mmpose', 'site/dualcenter_mmpose/.mim/tools'),
        ],
    )
    def test_places(self, tmp_path: Path, package: str, tools: str) -> None:
        """A clone, a clone named like the package, an installed package."""
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / tools).mkdir(parents=True)
        assert find_package_dir(str(tmp_path / tools / 'tool.py')) == tmp_path / package

    def test_nowhere(self, tmp_path: Path) -> None:
        """The message says where a tool must lie."""
        with pytest.raises(ModuleNotFoundError, match='run the tool from'):
            find_package_dir(str(tmp_path / 'tools' / 'tool.py'))


class TestImportPure:
    """Modules without their packages."""

    def test_init_files_do_not_run(self, tmp_path: Path) -> None:
        """Modules import each other by full name while no '__init__' runs."""
        part = tmp_path / 'dualcenter_mmpose' / 'part'
        part.mkdir(parents=True)
        for folder in (part.parent, part):
            (folder / '__init__.py').write_text('raise AssertionError\n')
        (part / 'one.py').write_text('VALUE = 3\n')
        (part / 'two.py').write_text('from dualcenter_mmpose.part.one import VALUE\n')
        code = (
            'from pathlib import Path\n'
            'from _light_import import import_pure\n'
            f'package = Path({str(part.parent)!r})\n'
            'print(import_pure("dualcenter_mmpose.part.two", package).VALUE)\n'
        )
        done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=TOOLS, check=True)
        assert done.stdout == '3\n'
