"""The set-up script, with a Python and a uv that only note what they are asked for."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = 'CITATION.cff LICENSE MANIFEST.in README.md dualcenter.py model-index.yml pyproject.toml setup.py'
ALL = ['venv', 'uv', 'pins', 'mmcv', 'package']

FAKE_PYTHON = """#!/bin/sh
echo "python $* user=$PIP_USER$PYTHONPATH" >>"$LOG"
case "$*" in
  *"%d.%d"*) echo "${FAKE_VERSION:-3.11}" ;;
  "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$(dirname "$0")/uv" "$3/bin/uv" ;;
  *"pip config list") printf "%s\\n" "$FAKE_CONFIG" ;;
esac
case "$*" in *"$FAIL_AT"*) [ -z "$FAIL_AT" ] || { echo no luck; exit 1; } ;; esac
"""
FAKE_UV = """#!/bin/sh
echo "uv $* links=$UV_FIND_LINKS index=$UV_DEFAULT_INDEX,$UV_INDEX,$UV_INDEX_STRATEGY cert=$SSL_CERT_FILE" >>"$LOG"
case "$*" in *pins.txt*) sleep "${NAP:-0}" ;; esac
case "$*" in *"$FAIL_AT"*) [ -z "$FAIL_AT" ] || { echo no luck; exit 1; } ;; esac
"""


class Clone:
    """A clone with the script, in a folder whose name has a space."""

    def __init__(self, folder: Path) -> None:
        self.root, self.log, self.venv = folder / 'a clone', folder / 'log', folder / 'a clone' / '.venv'
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

    def start(self, **variables: str) -> subprocess.Popen[str]:
        """Start the script with these variables beside a bare environment."""
        environment = {'PATH': '/usr/bin:/bin', 'LOG': str(self.log), 'FAIL_AT': '', 'FAKE_CONFIG': '', **variables}
        command = ['bash', str(self.root / 'dev' / 'setup.sh'), '.venv', str(self.python)]
        pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT}
        return subprocess.Popen(command, text=True, env=environment, cwd='/', **pipes)

    def set_up(self, **variables: str) -> tuple[int, list[str], str]:
        """Return the exit status, what was asked of pip and uv, and what was printed."""
        self.log.write_text('')
        running = self.start(**variables)
        printed = running.communicate()[0]
        return running.returncode, self.asked(), printed

    def asked(self) -> list[str]:
        """Return what was asked of pip and uv."""
        return [line for line in self.log.read_text().splitlines() if ' install ' in line or '-m venv' in line]


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
    assert (status, kinds(asked)) == (0, ALL), printed
    assert '\nmmcv==' not in (clone.venv / '.setup' / 'pins.txt').read_text()
    assert clone.set_up()[:2] == (0, [])


def test_what_changed(clone):
    """Changed sources reinstall the package alone; mmcv is built again for another torch, not for another tool."""
    clone.set_up()
    (clone.root / 'dualcenter_mmpose' / 'a.py').write_text('x = 1\n')
    assert kinds(clone.set_up()[1]) == ['package']
    (clone.root / 'requirements' / 'dev.txt').write_text('pytest==1\n')
    assert kinds(clone.set_up()[1]) == ['uv', 'pins', 'package']
    pins = clone.root / 'requirements' / 'pinned.txt'
    pins.write_text(pins.read_text().replace('torch==', 'torch==1'))
    asked = clone.set_up()[1]
    assert kinds(asked) == ['uv', 'pins', 'mmcv', 'package']
    assert 'torch==1' in asked[2]  # told, or uv would take the one that it has compiled
    assert 'pip uninstall' in clone.log.read_text()  # or uv would be content with the one that is installed


@pytest.mark.parametrize('gone', [True, False])
def test_other_interpreter(clone, gone):
    """An environment whose Python is gone or another is made anew, without what it held."""
    clone.set_up()
    (clone.venv / 'rest').touch()
    if gone:
        (clone.venv / 'bin' / 'python').unlink()
    assert kinds(clone.set_up(FAKE_VERSION='3.11' if gone else '3.11 of elsewhere')[1]) == ALL
    assert not (clone.venv / 'rest').exists()


def test_folder_of_others(clone):
    """What this set-up has not made stays as it is."""
    (clone.venv / 'thesis').mkdir(parents=True)
    status, asked, printed = clone.set_up()
    assert (status, asked) == (2, [])
    assert 'make setup VENV=' in printed
    assert [path.name for path in clone.venv.iterdir()] == ['thesis']


REMEDIES = {'built-for': 'MAX_JOBS=1', 'pins.txt': 'a network and 6 GB', '-m venv': 'python3.11-venv'}
REMEDIES |= {'import mmpose': 'built for another torch', 'sources': 'setuptools did not like'}


@pytest.mark.parametrize(('place', 'remedy'), REMEDIES.items())
def test_failure(clone, place, remedy):
    """The step, its last words and a remedy are printed; the next call goes on and finishes."""
    status, _, printed = clone.set_up(FAIL_AT=place)
    assert status == 2
    for told in ('no luck', remedy, 'The same command goes on'):
        assert told in printed
    assert kinds(clone.set_up()[1])[-1] == 'package'
    assert clone.set_up()[:2] == (0, [])


@pytest.mark.parametrize('killed', [False, True])
def test_two_at_once(clone, killed):
    """The second waits for what the first has started, and does what that left undone."""
    clone.log.write_text('')
    first = clone.start(NAP='1')
    while 'pins.txt' not in clone.log.read_text():
        time.sleep(0.01)
    if killed:
        first.kill()
    second = clone.start()
    printed = second.communicate(timeout=60)[0]
    assert second.returncode == 0
    assert 'waiting' in printed
    first.communicate(timeout=60)
    assert kinds(clone.asked()) == (['venv', 'uv', 'pins', *ALL[1:]] if killed else ALL)


def test_other_python(clone):
    """Pins are for one version of Python, which has to start."""
    status, asked, printed = clone.set_up(FAKE_VERSION='3.13')
    assert (status, asked) == (2, [])
    assert 'is Python 3.13' in printed
    assert 'make setup PYTHON=' in printed
    status, _, printed = clone.set_up(FAIL_AT='%d.%d')
    assert status == 2
    assert 'does not start' in printed


def test_settings_of_pip(clone, tmp_path):
    """uv looks where pip would: indexes, certificate, those folders of wheels that exist; variables before files."""
    (tmp_path / 'the wheels').mkdir()
    config = f""":env:.find-links='/nowhere file://{tmp_path}/the%20wheels https://example.org/a.html'
global.find-links='/usr'\nglobal.cert='/a.pem'\nglobal.extra-index-url='file:///one\\nfile:///two'
global.index-url='https://example.org/global'\ninstall.index-url='https://example.org/install'"""
    asked = clone.set_up(FAKE_CONFIG=config, PIP_USER='1', PYTHONPATH='/usr')[1]
    links, index = f'{tmp_path}/the wheels,https://example.org/a.html', 'https://example.org/install'
    expected = f'links={links} index={index},file:///one file:///two,unsafe-best-match cert=/a.pem'
    assert [line for line in asked[2:] if not line.endswith(expected)] == []
    assert asked[1].endswith('user=0')  # pip would install outside of the environment
    (clone.venv / '.setup' / 'pins').unlink()
    assert ' --no-index ' in clone.set_up(FAKE_CONFIG=":env:.no-index='1'")[1][1]
