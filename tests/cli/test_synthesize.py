from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.reference.coco_files import coco_content, write_coco

ROOT = Path(__file__).resolve().parents[2]
TOOL = (str(ROOT / 'dualcenter.py'), 'synthesize')
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}


def command(*arguments: object) -> list[str]:
    return [sys.executable, *TOOL, *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess:
    """Run the tool as users do, away from the source tree."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=ENVIRONMENT, cwd='/', timeout=120)


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob('*')) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class TestWorkers:
    """Several processes make the same set as one."""

    def test_same_bytes(self, tmp_path: Path) -> None:
        """18 images of 96 px, by one process and by two; the second call of the same command has nothing to do."""
        for name, workers in (('one', 1), ('two', 2)):
            result = run(tmp_path / name, '--images', 18, '--seed', 2, '--size', 96, '--workers', workers)
            assert result.returncode == 0, result.stderr
            assert '18 made in' in result.stdout
            assert '18/18' in result.stderr  # the progress bar
        assert digest(tmp_path / 'one') == digest(tmp_path / 'two')
        again = run(tmp_path / 'two', '--images', 18, '--seed', 2, '--size', 96)
        assert '0 made' in again.stdout
        assert digest(tmp_path / 'one') == digest(tmp_path / 'two')

    @pytest.mark.slow
    def test_interrupt_and_go_on(self, tmp_path: Path) -> None:
        """Ctrl-C ends with status 130 and one line; the same command completes the set, equal to an undisturbed one."""
        arguments = ('--images', 200, '--seed', 1, '--size', 128, '--workers', 2)
        process = subprocess.Popen(
            command(tmp_path / 'a', *arguments),
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            start_new_session=True,
            # A shell that runs the tests in the background has SIGINT ignored, here too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        deadline = time.monotonic() + 60
        while len(list((tmp_path / 'a').glob('.unfinished/0*.json'))) < 20 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert b'run the same command again' in errors
        assert b'Traceback' not in errors
        rest = run(tmp_path / 'a', *arguments)
        assert rest.returncode == 0, rest.stderr
        assert int(rest.stdout.split(': ')[1].split()[0]) < 200
        assert run(tmp_path / 'b', *arguments).returncode == 0
        assert digest(tmp_path / 'a') == digest(tmp_path / 'b')


class TestErrors:
    """One line, status 2, nothing written."""

    @pytest.mark.parametrize(
        ('arguments', 'message'),
        [
            (('--images', 0), 'images must be between 1'),
            (('--images', 5, '--workers', 0), '--workers must be at least 1'),
            (('--images', 5, '--layout', 'nowhere.json'), "'nowhere.json' does not exist"),
            (('--images', 5, '--layout', 'x.json', '--size', 256), 'leave --size out'),
            (('--images', 5, '--people', 4, 2), 'MIN <= MAX'),
        ],
    )
    def test_bad_arguments(self, tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
        """Wrong values are named."""
        result = run(tmp_path / 'out', *arguments)
        assert result.returncode == 2
        assert result.stderr.startswith('dualcenter synthesize: error: ')
        assert message in result.stderr
        assert 'Traceback' not in result.stderr
        assert not (tmp_path / 'out').exists()

    def test_bad_layout(self, tmp_path: Path) -> None:
        """A layout without people."""
        result = run(tmp_path / 'out', '--images', 5, '--layout', write_coco(tmp_path, coco_content()))
        assert result.returncode == 2
        assert 'holds no person' in result.stderr

    def test_foreign_folder(self, tmp_path: Path) -> None:
        """A folder with something else in it."""
        (tmp_path / 'notes.txt').write_text('mine')
        result = run(tmp_path, '--images', 5)
        assert result.returncode == 2
        assert 'is not empty' in result.stderr


class TestHelp:
    """What the tool does, with an example."""

    def test_example(self) -> None:
        """The example names the tool and its main options."""
        result = run('--help')
        assert result.returncode == 0
        assert 'dualcenter synthesize data/synthetic --images 2000 --seed 0' in result.stdout
        assert '--layout' in result.stdout
