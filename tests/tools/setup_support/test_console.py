"""A step's command: its output in a log, its progress in a line, its end reported."""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path

import pytest
from setup_support import console


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


class TestProgress:
    """Law: the detail follows the last line that tells something."""

    @pytest.mark.parametrize(
        ('lines', 'expected'),
        [
            ([], 'starting'),
            (['nothing known', ''], 'starting'),
            (['  Downloading https://x/torch-2.whl (530 MB)'], 'Downloading https://x/torch-2.whl'),
            (
                ['  Downloading torch-2.whl (530 MB)', 'Progress 1 of 4'],
                'downloading torch-2.whl 25 %',
            ),
            (['Progress 0 of 0'], 'downloading  0 %'),
            (['[3/77] c++ -MMD -MF x.o'], 'compiled 3 of 77 files'),
            (['Installing collected packages: a, b, c'], 'installing 3 packages'),
            (['[3/77] c++', 'some note'], 'compiled 3 of 77 files'),
        ],
    )
    def test_lines(self, lines: list[str], expected: str) -> None:
        """Lines of pip and ninja, unknown ones ignored."""
        progress = console.Progress()
        for line in lines:
            progress.read(line)
        assert progress.detail.startswith(expected)


class TestClock:
    """Law: seconds up to a minute, then minutes and seconds."""

    @pytest.mark.parametrize(
        ('seconds', 'expected'),
        [(0, '0 s'), (59.4, '59 s'), (59.6, '1 min 00 s'), (610, '10 min 10 s')],
    )
    def test_table(self, seconds: float, expected: str) -> None:
        """Rounded, never 60 s."""
        assert console.clock(seconds) == expected


class TestReporter:
    """Law: one line rewritten on a terminal, a line now and then elsewhere."""

    def test_terminal(self) -> None:
        """Each tick rewrites the line, and the end replaces it."""
        stream = Terminal()
        reporter = console.Reporter('[1/2] a', stream)
        reporter.tick(1.0, 'x')
        reporter.close('done')
        assert stream.getvalue().count('\n') == 1
        assert stream.getvalue().endswith('\r\033[K[1/2] a done\n')

    def test_file(self) -> None:
        """No line before the heartbeat is due, a plain line after."""
        quiet, busy = io.StringIO(), io.StringIO()
        console.Reporter('a', quiet, heartbeat=60).tick(1.0, 'x')
        console.Reporter('a', busy, heartbeat=0).tick(1.0, 'x')
        assert quiet.getvalue() == ''
        assert busy.getvalue() == 'a 1 s x\n'


class TestRunLogged:
    """Law: the exit status is the command's, and every line of both streams is in the log."""

    def run(self, code: str, folder: Path) -> tuple[int, str]:
        """Run Python code and return its status and its log."""
        log = folder / 'step.log'
        reporter = console.Reporter('a', io.StringIO())
        command = [sys.executable, '-c', code]
        status = console.run_logged(command, log, dict(os.environ), folder, reporter, 0.02)
        return status, log.read_text(encoding='utf-8')

    def test_both_streams(self, tmp_path: Path) -> None:
        """The command itself stands first, then what it wrote."""
        status, log = self.run('import sys; print(1); print(2, file=sys.stderr)', tmp_path)
        assert status == 0
        assert log.startswith('$ ')
        assert sorted(log.split()[-2:]) == ['1', '2']

    def test_failure(self, tmp_path: Path) -> None:
        """A status of its own comes through."""
        assert self.run('import sys; sys.exit(3)', tmp_path)[0] == 3

    def test_interruption_ends_the_command(self, tmp_path: Path) -> None:
        """Ctrl-C while waiting stops the command at once and is passed on."""

        class Impatient(console.Reporter):
            def tick(self, elapsed: float, detail: str) -> None:
                raise KeyboardInterrupt

        code = 'import time; time.sleep(60)'
        command = [sys.executable, '-c', code]
        reporter = Impatient('a', io.StringIO())
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            console.run_logged(command, tmp_path / 'log', dict(os.environ), tmp_path, reporter, 0.02)
        assert time.monotonic() - start < 20
