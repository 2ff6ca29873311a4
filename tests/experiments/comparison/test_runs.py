"""One process per entry: done, failed, killed, too slow, done before."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from dualcenter_mmpose.experiments.comparison import runs
from dualcenter_mmpose.experiments.comparison.entries import Entry
from dualcenter_mmpose.experiments.comparison.runs import run_entry


def work(job):
    """What the file of the entry says, in place of a test."""
    folder = Path(job['folder'])
    what = Path(job['entry']['results']).read_text()
    print('seen', what)
    if what == 'fail':
        raise ValueError('too bad')
    if what == 'kill':
        os.kill(os.getpid(), signal.SIGKILL)
    if what == 'sleep':
        time.sleep(60)
    (folder / 'record.json').write_text(json.dumps(dict(fingerprint=job['fingerprint'], what=what)))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run an entry whose worker does what its file says, in a process that starts at once."""
    monkeypatch.setattr(runs.worker, 'WORK', f'{__name__}:work')
    monkeypatch.setenv('DUALCENTER_WITHOUT_REGISTRATION', '1')

    def run(what, minutes=0, **shared):
        (tmp_path / 'r.json').write_text(what)
        return run_entry(Entry('a', results=str(tmp_path / 'r.json')), tmp_path, dict(x=1), shared, minutes)

    return run


def test_done_and_skipped(run, tmp_path):
    """The same again is not run again; another option, or another file, is."""
    outcome = run('ok')
    assert (outcome.record['what'], outcome.error, outcome.is_old) == ('ok', None, False)
    folder = tmp_path / 'entries' / 'a'
    assert (folder / 'log.txt').read_text() == 'seen ok\n'
    assert json.loads((folder / 'job.json').read_text())['x'] == 1
    assert run('ok').is_old
    assert not run('ok', option=2).is_old
    assert not run('good', option=2).is_old


def test_failed(run, tmp_path):
    """What the worker says, in one line; nothing of an earlier record stays; the next run tries again."""
    run('ok')
    outcome = run('fail')
    assert outcome.record is None
    assert outcome.error == f'ValueError: too bad; log: {tmp_path}/entries/a/log.txt'
    assert not (tmp_path / 'entries' / 'a' / 'record.json').exists()
    assert run('ok').record['what'] == 'ok'


def test_killed(run):
    """A process that cannot say anything."""
    assert 'ended with status -9' in run('kill').error


def test_too_slow(run):
    """A time limit ends it."""
    assert 'stopped after 0.005 minutes' in run('sleep', minutes=0.005).error


def test_unreadable(tmp_path):
    """A config that cannot be read fails before a process is started."""
    (tmp_path / 'a.py').write_text('model = 1 / 0\n')
    entry = Entry('a', config=str(tmp_path / 'a.py'), checkpoint='none')
    assert run_entry(entry, tmp_path, {}, {}, 0).error == 'ZeroDivisionError: division by zero'
    assert not (tmp_path / 'entries').exists()
