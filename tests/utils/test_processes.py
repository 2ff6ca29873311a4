"""A function in a process of its own."""

import os
import signal
import subprocess
import threading
import time

import pytest

from dualcenter_mmpose.utils import processes
from dualcenter_mmpose.utils.processes import run_in_process

HERE = 'tests.utils.test_processes'


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """Processes that need no torch start at once."""
    monkeypatch.setenv('DUALCENTER_WITHOUT_REGISTRATION', '1')


def say(text):
    print(text)
    subprocess.run(['echo', 'and a child'], check=True)


def show_environment(key):
    print(os.environ.get(key))


def fail(text):
    raise KeyError(text)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(deaf=False):
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('asleep', flush=True)
    time.sleep(60)


def test_output_is_added_to_the_log(tmp_path):
    """Python's and that of processes that it starts."""
    log = tmp_path / 'log.txt'
    log.write_text('before\n')
    assert run_in_process(f'{HERE}:say', ['hello'], log) == (0, None, False)
    assert sorted(log.read_text().splitlines()) == ['and a child', 'before', 'hello']


def test_environment(tmp_path):
    """Variables are those of this process and those given, in the new process alone."""
    log = tmp_path / 'log.txt'
    run_in_process(f'{HERE}:show_environment', ['DUALCENTER_TEST'], log, environment={'DUALCENTER_TEST': '7'})
    assert log.read_text() == '7\n'
    assert 'DUALCENTER_TEST' not in os.environ


def test_exception(tmp_path):
    """Its type and text come back in a line; the log has the traceback."""
    log = tmp_path / 'log.txt'
    assert run_in_process(f'{HERE}:fail', ['no\nsuch key'], log) == (1, r"KeyError: 'no\nsuch key'", False)
    assert 'Traceback' in log.read_text()


def test_long_error(tmp_path):
    """A megabyte of text does not fill the pipe, which would keep both sides waiting."""
    outcome = run_in_process(f'{HERE}:fail', ['x' * 1_000_000], tmp_path / 'log.txt', seconds=60)
    assert (outcome.status, outcome.timed_out) == (1, False)
    assert outcome.error.startswith("KeyError: 'xxx")
    assert len(outcome.error) < 5000
    assert len((tmp_path / 'log.txt').read_text()) > 1_000_000


def test_killed(tmp_path):
    """The status is the signal's."""
    assert run_in_process(f'{HERE}:die', [], tmp_path / 'log.txt') == (-signal.SIGKILL, None, False)


@pytest.mark.parametrize('deaf', [False, True])
def test_time_limit(tmp_path, monkeypatch, deaf):
    """Past it the process is stopped, by force if it does not listen."""
    monkeypatch.setattr(processes, 'SECONDS_TO_STOP', 0.2)
    start = time.monotonic()
    outcome = run_in_process(f'{HERE}:sleep', [deaf], tmp_path / 'log.txt', seconds=3)
    assert outcome.timed_out
    assert outcome.status == -(signal.SIGKILL if deaf else signal.SIGTERM)
    assert time.monotonic() - start < 30


def test_interrupted(tmp_path):
    """Ctrl-C here ends the process there."""
    log = tmp_path / 'log.txt'

    def interrupt():
        while not (log.exists() and 'asleep' in log.read_text()):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_in_process(f'{HERE}:sleep', [], log)
    assert not [child for child in processes.multiprocessing.active_children() if child.is_alive()]
