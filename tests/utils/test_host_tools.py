"""MMPose's own tools are found wherever MMPose is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dualcenter_mmpose.utils.host_tools import find_host_tool


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty package on the path."""
    folder = tmp_path / 'hostpackage'
    folder.mkdir()
    (folder / '__init__.py').touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


class TestFindHostTool:
    """Law: the installed copy first, a source tree's next, else an error that says what to do."""

    @pytest.mark.parametrize('name', ['train.py', 'test.py'])
    def test_installed_mmpose(self, name: str) -> None:
        """The MMPose that runs these tests has both tools."""
        assert find_host_tool(name).is_file()

    def test_release_before_source_tree(self, package: Path) -> None:
        """`.mim/tools` inside the package wins over `tools` beside it."""
        for tools in (package / '.mim' / 'tools', package.parent / 'tools'):
            tools.mkdir(parents=True)
            (tools / 'train.py').touch()
        assert find_host_tool('train.py', 'hostpackage') == package / '.mim' / 'tools' / 'train.py'

    def test_source_tree(self, package: Path) -> None:
        """A source tree on the path has its tools beside the package."""
        (package.parent / 'tools').mkdir()
        (package.parent / 'tools' / 'test.py').touch()
        assert find_host_tool('test.py', 'hostpackage') == package.parent / 'tools' / 'test.py'

    def test_tool_absent(self, package: Path) -> None:
        """The error names the tool and where it was looked for."""
        with pytest.raises(FileNotFoundError, match=r'train\.py .*hostpackage'):
            find_host_tool('train.py', 'hostpackage')

    def test_package_absent(self) -> None:
        """Without MMPose the error is the same kind and says how to install it."""
        with pytest.raises(FileNotFoundError, match='pip install'):
            find_host_tool('train.py', 'no_such_package')
