"""The check of the installed stack finds every bad combination and names the way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from dualcenter_mmpose.utils import environment
from dualcenter_mmpose.utils.environment import Stack, check_environment, find_problems

PINNED = {
    'torch': '2.11.0',
    'torchvision': '0.26.0',
    'mmengine': '0.10.7',
    'mmcv': '2.1.0',
    'mmdet': '3.2.0',
    'mmpose': '1.3.2',
    'xtcocotools': '1.14.3',
    'pycocotools': '2.0.11',
    'numpy': '1.26.4',
    'setuptools': '79.0.1',
}


class FakeStack(Stack):
    """A table of versions in place of what is installed; None removes a distribution."""

    def __init__(self, *, has_ops: bool = True, import_failure: str | None = None, **changes: str | None) -> None:
        """Change the pinned table; `mmcv_lite` stands for `mmcv-lite`."""
        table = {**PINNED, **{name.replace('_', '-'): text for name, text in changes.items()}}
        self.table = {name: text for name, text in table.items() if text is not None}
        self.has_ops = has_ops
        self.import_failure = import_failure
        self.imported: list[str] = []

    def version(self, name: str) -> str | None:
        """Return the version in the table."""
        return self.table.get(name)

    def folder(self, module: str) -> Path | None:
        """Return a folder for what is there; pkg_resources comes with setuptools before 81."""
        if module == 'pkg_resources':
            major = int(self.table.get('setuptools', '99').split('.')[0])
            return Path(module) if major < 81 else None
        return Path(module) if module in self.table else None

    def has_compiled_ops(self) -> bool:
        """Return what the test says."""
        return self.has_ops

    def import_error(self, module: str) -> str | None:
        """Return what the test says, and keep the name."""
        self.imported.append(module)
        return self.import_failure


class TestCheckEnvironment:
    """Law: silent when everything fits, one message with everything when not."""

    def test_pinned_stack_fits(self) -> None:
        """The versions of requirements/pinned.txt pass, and nothing is imported for it."""
        stack = FakeStack()
        check_environment(stack)
        assert stack.imported == []

    def test_installed_stack_fits(self) -> None:
        """The stack that runs these tests passes."""
        check_environment()

    def test_every_problem_at_once(self) -> None:
        """Four faults give one error with four lines, and a shared command stands there once."""
        stack = FakeStack(torch='1.13.1', torchvision='0.14.1', mmcv='1.7.1', mmpose='0.29.0')
        with pytest.raises(ImportError) as caught:
            check_environment(stack)
        message = str(caught.value)
        for found in ('found 1.13.1', 'found 0.14.1', 'found 1.7.1', 'found 0.29.0'):
            assert found in message
        assert message.count(environment.INSTALL_TORCH) == 1

    def test_commands_install_the_pinned_versions(self) -> None:
        """What the message says to run is what `make setup` installs."""
        root = Path(__file__).parents[2]
        pins = (root / 'requirements' / 'pinned.txt').read_text(encoding='utf-8').splitlines()
        commands = ' '.join([*(each.command for each in environment.RANGES)])
        named = [word for word in commands.split() if '==' in word]
        assert named
        assert set(named) <= set(pins)

    def test_nothing_installed(self) -> None:
        """Each distribution that the package needs is named as missing."""
        stack = FakeStack(**dict.fromkeys(PINNED))
        texts = [problem.text for problem in find_problems(stack)]
        assert [text.split()[0] for text in texts] == [each.name for each in environment.RANGES]
        assert all('is missing' in text for text in texts)


class TestFindProblems:
    """Law: each known-bad combination gives its own problem, its good neighbour none."""

    @pytest.mark.parametrize(
        ('changes', 'expected'),
        [
            ({'mmpose': '2.0.0'}, 'expected mmpose>=1.0,<2, found 2.0.0'),
            ({'mmpose': '1.0.0rc1', 'mmdet': None}, None),
            ({'mmdet': None}, 'mmdet is missing'),
            ({'mmcv': '2.2.0'}, 'mmdet 3.2.0 refuses mmcv 2.2.0'),
            ({'mmcv': '2.2.0', 'mmdet': '3.4.0'}, None),
            ({'mmengine': '0.5.0'}, 'expected mmengine>=0.6,<1, found 0.5.0'),
            ({'torchvision': '0.25.0'}, 'torch 2.11.0 belongs to torchvision 0.26, found 0.25.0'),
            ({'torch': '2.11.0+cu130', 'torchvision': '0.26.0+cu130'}, None),
            ({'torch': '2.0.1', 'torchvision': '0.15.2'}, None),
            ({'torch': '2.13.0+cpu', 'torchvision': '0.28.0'}, 'CPU build of torch 2.13.0'),
            ({'torch': '2.13.0', 'torchvision': '0.28.0'}, None),
            ({'setuptools': '81.0.0'}, 'imports pkg_resources'),
            ({'setuptools': None}, 'imports pkg_resources'),
            ({'setuptools': '81.0.0', 'mmengine': '0.10.8'}, None),
            ({'xtcocotools': None}, 'xtcocotools is missing'),
            ({'mmpose': 'unknown', 'mmdet': None}, 'expected mmpose>=1.0,<2, found unknown'),
            ({'mmpose': '2.0.0rc1'}, 'expected mmpose>=1.0,<2, found 2.0.0rc1'),
        ],
    )
    def test_versions(self, changes: dict[str, str | None], expected: str | None) -> None:
        """One change of the pinned table gives one problem or none."""
        texts = [problem.text for problem in find_problems(FakeStack(**changes))]
        assert len(texts) == (0 if expected is None else 1), texts
        assert expected is None or expected in texts[0]

    def test_mmcv_lite_alone(self) -> None:
        """mmcv-lite in place of mmcv is named as the cause, and uninstalling it comes first."""
        problems = list(find_problems(FakeStack(mmcv=None, mmcv_lite='2.1.0')))
        assert 'mmcv-lite is installed' in problems[0].text
        assert problems[0].command.startswith('pip uninstall -y mmcv-lite')

    def test_mmcv_without_operators(self) -> None:
        """An mmcv without its compiled module is found without importing it."""
        texts = [problem.text for problem in find_problems(FakeStack(has_ops=False))]
        assert texts == ['mmcv 2.1.0 has no compiled operators (mmcv._ext)']

    def test_numpy_2_asks_xtcocotools_itself(self) -> None:
        """On numpy 2 only the import tells which numpy xtcocotools was built for."""
        broken = FakeStack(numpy='2.1.0', import_failure='numpy.dtype size changed')
        texts = [problem.text for problem in find_problems(broken)]
        assert len(texts) == 1
        assert 'numpy.dtype size changed' in texts[0]
        rebuilt = FakeStack(numpy='2.1.0')
        assert list(find_problems(rebuilt)) == []
        assert rebuilt.imported == ['xtcocotools._mask']


class TestStack:
    """Law: what is installed is read from metadata, from a source tree where there is none."""

    def test_version_of_installed(self) -> None:
        """The version of pytest equals what pytest says."""
        assert Stack().version('pytest') == pytest.__version__

    def test_absent(self) -> None:
        """Absent is None everywhere, never an error."""
        stack = Stack()
        assert stack.version('no-such-distribution') is None
        assert stack.folder('no_such_module') is None
        assert 'no_such_module' in (stack.import_error('no_such_module') or '')

    def test_source_tree(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A package on the path without metadata tells its version in `version.py`."""
        package = tmp_path / 'treeonly'
        package.mkdir()
        (package / '__init__.py').touch()
        (package / 'version.py').write_text("__version__ = '1.2.3'\n", encoding='utf-8')
        monkeypatch.syspath_prepend(tmp_path)
        assert Stack().version('treeonly') == '1.2.3'

    def test_nothing_heavy_imported(self) -> None:
        """The check imports neither torch nor mmcv nor mmpose."""
        source = Path(environment.__file__)
        program = (
            'import importlib.util, sys\n'
            f'spec = importlib.util.spec_from_file_location("environment", {str(source)!r})\n'
            'module = importlib.util.module_from_spec(spec)\n'
            'sys.modules["environment"] = module\n'
            'spec.loader.exec_module(module)\n'
            'module.check_environment()\n'
            'print(sorted({"torch", "mmcv", "mmengine", "mmpose"} & set(sys.modules)))'
        )
        answer = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == '[]'


class TestParseRelease:
    """Law: comparable, whatever follows the numbers."""

    @pytest.mark.parametrize(
        ('version', 'expected'),
        [
            ('', None),
            ('unknown', None),
            ('2', Version('2.0.0')),
            ('2.0.0rc4', Version('2.0.0')),
            ('2.11.0+cu130', Version('2.11.0')),
            ('4.11.0.86', Version('4.11.0.86')),
        ],
    )
    def test_table(self, version: str, expected: Version | None) -> None:
        """What follows the numbers is dropped; without numbers there is no version."""
        assert environment.parse_release(version) == expected


def test_missing_packaging_is_named() -> None:
    """Where packaging is missing itself, the message says what to install."""
    program = 'import sys; sys.modules["packaging"] = None; import runpy; runpy.run_path(sys.argv[1])'
    answer = subprocess.run([sys.executable, '-c', program, environment.__file__], capture_output=True, text=True)
    assert answer.returncode != 0
    assert 'pip install packaging' in answer.stderr.splitlines()[-1]
