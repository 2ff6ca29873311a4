"""The set-up script, with a Python and a uv that only note what they are asked for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = 'CITATION.cff LICENSE MANIFEST.in README.md dualcenter.py model-index.yml pyproject.toml setup.py'


FAKE_PYTHON = """#!/bin/sh
echo "python $*" >>"$LOG"
case "$*" in
  *"%d.%d"*) echo "${FAKE_VERSION:-3.11}" ;;
  "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$(dirname "$0")/uv" "$3/bin/uv" ;;
  *"pip config list") printf "%s\\n" "$FAKE_CONFIG" ;;
esac
case "$*" in *"$FAIL_AT"*) [ -z "$FAIL_AT" ] || { echo no luck; exit 1; } ;; esac
"""
FAKE_UV = """#!/bin/sh
echo "uv $* links=$UV_FIND_LINKS index=$UV_DEFAULT_INDEX" >>"$LOG"
case "$*" in *"$FAIL_AT"*) [ -z "$FAIL_AT" ] || { echo no luck; exit 1; } ;; esac
"""


class Clone:
    """A clone with the script, in a folder whose name has a space."""

    def __init__(self, folder: Path) -> None:
        self.root, self.log = folder / 'a clone', folder / 'log'
        (self.root / 'dev').mkdir(parents=True)
        shutil.copy(ROOT / 'dev' / 'setup.sh', self.root / 'dev')
        shutil.copytree(ROOT / 'requirements', self.root / 'requirements')
        for name in [*SOURCES.split(), 'requirements.txt']:
            (self.root / name).touch()
        for name in ('configs', 'dualcenter_mmpose', 'tools'):
            (self.root / name).mkdir()
            (self.root / name / 'a.py').touch()
        for name, text in (('python', FAKE_PYTHON), ('uv', FAKE_UV)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.python = folder / 'python'

    def set_up(self, **variables: str) -> tuple[int, list[str], str]:
        """Return the exit status, what was asked of pip and uv, and what was printed."""
        self.log.write_text('')
        environment = {'PATH': '/usr/bin:/bin', 'LOG': str(self.log), 'FAIL_AT': '', 'FAKE_CONFIG': '', **variables}
        command = ['bash', str(self.root / 'dev' / 'setup.sh'), '.venv', str(self.python)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd='/')
        asked = [line for line in self.log.read_text().splitlines() if 'install' in line or '-m venv' in line]
        return done.returncode, asked, done.stdout + done.stderr


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


def kinds(asked):
    """Return a word for each thing that was asked for."""
    words = {'-m venv': 'venv', 'uv==': 'uv', 'pins.txt': 'pins', 'mmcv==': 'mmcv', 'sources': 'package'}
    return [next(word for part, word in words.items() if part in line) for line in asked]


def test_all_then_nothing(clone):
    """The first call does every step, mmcv after what it compiles against; the second has nothing to do."""
    status, asked, printed = clone.set_up()
    assert (status, kinds(asked)) == (0, ['venv', 'uv', 'pins', 'mmcv', 'package']), printed
    assert '\nmmcv==' not in (clone.root / '.venv' / '.setup' / 'pins.txt').read_text()
    assert clone.set_up()[:2] == (0, [])


def test_what_changed(clone):
    """Changed sources reinstall the package alone, changed pins everything."""
    clone.set_up()
    (clone.root / 'dualcenter_mmpose' / 'a.py').write_text('x = 1\n')
    assert kinds(clone.set_up()[1]) == ['package']
    with open(clone.root / 'requirements' / 'dev.txt', 'a') as pins:
        pins.write('# new\n')
    assert kinds(clone.set_up()[1]) == ['venv', 'uv', 'pins', 'mmcv', 'package']


@pytest.mark.parametrize(
    ('place', 'remedy'), [('mmcv==', 'MAX_JOBS=1'), ('pins.txt', 'Is there a network'), ('-m venv', 'python3-venv')]
)
def test_failure(clone, place, remedy):
    """The step, its last words and a remedy are printed; the next call goes on and finishes."""
    status, _, printed = clone.set_up(FAIL_AT=place)
    assert status == 2
    assert 'no luck' in printed
    assert remedy in printed
    assert 'The same command goes on' in printed
    assert clone.set_up()[0] == 0


def test_other_python(clone):
    """Pins are for one version of Python."""
    status, asked, printed = clone.set_up(FAKE_VERSION='3.13')
    assert (status, asked) == (2, [])
    assert 'is Python 3.13' in printed
    assert 'make setup PYTHON=' in printed


def test_settings_of_pip(clone, tmp_path):
    """uv looks where pip would: index, and those folders of wheels that exist."""
    (tmp_path / 'wheels').mkdir()
    links = f'/nowhere file://{tmp_path}/wheels'
    config = f":env:.find-links='{links}'\nglobal.index-url='https://example.org/simple'"
    asked = clone.set_up(FAKE_CONFIG=config)[1]
    assert all(f'links={tmp_path}/wheels index=https://example.org/simple' in line for line in asked[2:])
