"""Does the stack below this package fit together? Answered from metadata, nothing is imported.

Source: the ranges that mmpose 1.x, mmdet 3.x and torchvision state for each other, and the import
failures that the combinations named below end in.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from typing import NamedTuple

try:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version
except ImportError as error:
    raise ImportError('dualcenter_mmpose needs packaging to check what is installed: pip install packaging') from error

INSTALL_TORCH = 'pip install torch==2.11.0 torchvision==0.26.0'
INSTALL_MMCV = 'pip install "setuptools<80" wheel && pip install --no-build-isolation mmcv==2.1.0'
# mmpose is installed without its declared requirements, because chumpy among them no longer builds.
INSTALL_MMPOSE = 'pip install --no-deps mmpose==1.3.2 && pip install json-tricks munkres scipy'


class Problem(NamedTuple):
    """One thing to change: what is wrong, and the command line that mends it."""

    text: str
    command: str


class Range(NamedTuple):
    """The releases of a distribution that work.

    Attributes:
        name: of the distribution.
        specifier: the releases, as pip writes them.
        command: what installs one of them.
    """

    name: str
    specifier: str
    command: str

    def __str__(self) -> str:
        """Return the range as pip would write it."""
        return f'{self.name}{self.specifier}'


RANGES = (
    Range('torch', '>=2.0,<3', INSTALL_TORCH),
    Range('torchvision', '>=0.15', INSTALL_TORCH),
    Range('mmengine', '>=0.6,<1', 'pip install mmengine==0.10.7'),
    Range('mmcv', '>=2.0,<3', INSTALL_MMCV),
    Range('mmpose', '>=1.0,<2', INSTALL_MMPOSE),
    Range('xtcocotools', '>=1.12', 'pip install xtcocotools==1.14.3'),
    Range('pycocotools', '>=2.0', 'pip install pycocotools'),
)


class Stack:
    """What is installed in this Python. Tests put a table in its place."""

    def version(self, name: str) -> str | None:
        """Return the version of a distribution, None when it is absent.

        A source tree on the path has no metadata; its `version.py` is read instead.
        """
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            return self._version_in_source(name)
        # Parsing the whole text, as `distribution.version` does, takes several times as long.
        found = re.search(r'^Version: *(\S+)', distribution.read_text('METADATA') or '', re.MULTILINE)
        return found[1] if found else distribution.version

    def _version_in_source(self, name: str) -> str | None:
        folder = self.folder(name)
        version_file = folder / 'version.py' if folder else None
        if version_file is None or not version_file.is_file():
            return None
        found = re.search(r"__version__ = '([^']+)'", version_file.read_text(encoding='utf-8'))
        return found[1] if found else None

    def folder(self, module: str) -> Path | None:
        """Return the folder of a top-level package, None when it is absent."""
        spec = util.find_spec(module)
        places = list(spec.submodule_search_locations or ()) if spec else []
        return Path(places[0]) if places else None

    def has_compiled_ops(self) -> bool:
        """Return whether mmcv carries its compiled operators."""
        folder = self.folder('mmcv')
        return folder is not None and any(folder.glob('_ext*'))

    def import_error(self, module: str) -> str | None:
        """Return why a module does not import, None when it does."""
        try:
            # numpy prints a page of advice for extension authors here.
            with contextlib.redirect_stderr(io.StringIO()):
                importlib.import_module(module)
        except Exception as error:
            return str(error).splitlines()[0] if str(error) else type(error).__name__
        return None


def check_environment(stack: Stack | None = None) -> None:
    """Check the versions that matter and the combinations known to fail, all of them.

    Args:
        stack: What to check, this Python when None.

    Raises:
        ImportError: Something does not fit; the one message lists every problem and the command
            lines that mend them.
    """
    problems = list(find_problems(stack or Stack()))
    if not problems:
        return
    texts = '\n'.join(f'  - {problem.text}' for problem in problems)
    # A command that mends two problems is printed once.
    commands = '\n'.join(f'  {command}' for command in dict.fromkeys(p.command for p in problems))
    raise ImportError(f'dualcenter_mmpose cannot work with what is installed here:\n{texts}\nWhat to run:\n{commands}')


def find_problems(stack: Stack) -> Iterator[Problem]:
    """Yield every problem of a stack, in the order in which to mend them."""
    versions = {each.name: stack.version(each.name) for each in RANGES}
    releases = {name: parse_release(text) for name, text in versions.items() if text}
    if 'mmcv' not in releases and stack.version('mmcv-lite'):
        text = 'mmcv-lite is installed: MMPose needs the operators of the full mmcv'
        yield Problem(text, f'pip uninstall -y mmcv-lite && {INSTALL_MMCV}')
    for each in RANGES:
        problem = check_range(each, versions[each.name])
        if problem:
            yield problem
    yield from check_torch_pair(versions['torch'], versions['torchvision'])
    yield from check_setuptools(stack, releases.get('mmengine'))
    yield from check_mmcv(stack, releases)
    yield from check_numpy(stack, releases)


def check_range(expected: Range, version: str | None) -> Problem | None:
    """Return the problem of a distribution that is absent or outside its range, else None."""
    if version is None:
        return Problem(f'{expected.name} is missing: expected {expected}', expected.command)
    release = parse_release(version)
    if release is None or release not in SpecifierSet(expected.specifier):
        return Problem(f'expected {expected}, found {version}', expected.command)
    return None


def check_torch_pair(torch: str | None, torchvision: str | None) -> Iterator[Problem]:
    """Yield the problem of a torch and a torchvision that were not built for each other.

    torch 2.N belongs to torchvision 0.(N + 15), whatever the third number.
    """
    release = parse_release(torch or '')
    if release is None or torchvision is None:
        return
    if torch == '2.13.0+cpu':
        text = 'the CPU build of torch 2.13.0 breaks every torchvision (no torchvision::nms)'
        yield Problem(text, INSTALL_TORCH)
        return
    expected, found = f'0.{release.minor + 15}', parse_release(torchvision)
    if release.major == 2 and (found is None or found not in SpecifierSet(f'=={expected}.*')):
        text = f'torch {torch} belongs to torchvision {expected}, found {torchvision}'
        yield Problem(text, f'pip install torch=={torch} "torchvision=={expected}.*"')


def check_setuptools(stack: Stack, mmengine: Version | None) -> Iterator[Problem]:
    """Yield the problem of an mmengine that imports pkg_resources where setuptools lacks it."""
    if mmengine and mmengine <= Version('0.10.7') and stack.folder('pkg_resources') is None:
        found = stack.version('setuptools') or 'none'
        wants = f'mmengine {mmengine} imports pkg_resources'
        text = f'{wants}, which setuptools 81 dropped: found setuptools {found}'
        yield Problem(text, 'pip install "setuptools<80"')


def check_mmcv(stack: Stack, releases: dict[str, Version | None]) -> Iterator[Problem]:
    """Yield the problems of mmcv with its operators and with mmdet, which mmpose 1.3 imports."""
    mmcv, mmpose, mmdet = releases.get('mmcv'), releases.get('mmpose'), stack.version('mmdet')
    if mmcv and not stack.has_compiled_ops():
        text = f'mmcv {mmcv} has no compiled operators (mmcv._ext)'
        yield Problem(text, f'pip uninstall -y mmcv mmcv-lite && {INSTALL_MMCV}')
    if mmdet is None and mmpose and mmpose >= Version('1.3'):
        text = 'mmdet is missing: mmpose 1.3 imports it'
        yield Problem(text, 'pip install mmdet==3.2.0')
    own = parse_release(mmdet or '')
    if own and own < Version('3.4') and mmcv and mmcv >= Version('2.2'):
        text = f'mmdet {mmdet} refuses mmcv 2.2.0 and later, found mmcv {mmcv}'
        yield Problem(text, INSTALL_MMCV)


def check_numpy(stack: Stack, releases: dict[str, Version | None]) -> Iterator[Problem]:
    """Yield the problem of an xtcocotools built for numpy 1 on numpy 2.

    The version does not tell which numpy it was built for, so only here a module is imported.
    """
    numpy = stack.version('numpy')
    release = parse_release(numpy or '')
    if release is None or release < Version('2') or 'xtcocotools' not in releases:
        return
    error = stack.import_error('xtcocotools._mask')
    if error:
        text = f'xtcocotools was built for numpy 1 and does not import on numpy {numpy}: {error}'
        yield Problem(text, 'pip install "numpy<2" "opencv-python-headless<4.12"')


def parse_release(version: str) -> Version | None:
    """Return a version without what follows its numbers: `2.0.0rc4` -> `2.0.0`, `2.13+cu130` -> `2.13`.

    Release candidates and builds for one device count as the release; None stands for what is no version.
    """
    try:
        return Version(Version(version).base_version)
    except InvalidVersion:
        return None
