"""Files written whole or not at all."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from dualcenter_mmpose.utils.files import replacing, write_json, write_text

KILLED = """
import os, signal, sys
from pathlib import Path
from dualcenter_mmpose.utils.files import replacing
with replacing(sys.argv[1]) as draft:
    draft.write_text('half of it')
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_new_and_replaced(tmp_path):
    """Folders are made, the content is there, nothing else is; the mode of an existing file stays."""
    path = tmp_path / 'new' / 'a.txt'
    write_text(path, 'one\n')
    assert path.read_text() == 'one\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    write_text(path, 'two\n')
    assert path.read_text() == 'two\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ['a.txt']


def test_failing_writer(tmp_path):
    """The old file stays and no draft does."""
    path = tmp_path / 'a.json'
    write_json(path, dict(x=1))
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_json(path, dict(x=float('nan')))
    with pytest.raises(ZeroDivisionError), replacing(path) as draft:
        draft.write_text(str(1 / 0))
    assert json.loads(path.read_text()) == dict(x=1)
    assert os.listdir(tmp_path) == ['a.json']


def test_killed_writer(tmp_path):
    """Killed in the middle, the old file is whole."""
    path = tmp_path / 'a.txt'
    write_text(path, 'old\n')
    environment = {**os.environ, 'DUALCENTER_WITHOUT_REGISTRATION': '1'}
    done = subprocess.run([sys.executable, '-c', KILLED, str(path)], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == 'old\n'


def test_two_writers(tmp_path):
    """Each has a draft of its own; the last one to finish wins, whole."""
    path = tmp_path / 'a.txt'
    with replacing(path) as first:
        first.write_text('first')
        with replacing(path) as second:
            assert first != second
            second.write_text('second')
        assert path.read_text() == 'second'
    assert path.read_text() == 'first'
    assert os.listdir(tmp_path) == ['a.txt']


def test_suffix(tmp_path):
    """Drafts end as the file does: writers choose the format by that."""
    with replacing(tmp_path / 'a.png') as draft:
        assert draft.suffix == '.png'
