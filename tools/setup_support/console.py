"""Running one command: its whole output goes to a log, a short account of it to the terminal."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

HEARTBEAT_SECONDS = 15.0
WIDTH = 100


class Progress:
    """What a running command is doing, read off its output line by line."""

    def __init__(self) -> None:
        """Start with nothing to tell."""
        self.detail = 'starting'
        self._file = ''

    def read(self, line: str) -> None:
        """Take in one line of output of pip, ninja or Python."""
        text = line.strip()
        counter = re.match(r'Progress (\d+) of (\d+)', text)
        compiled = re.match(r'\[(\d+)/(\d+)\]', text)
        fetched = re.match(r'(?:Downloading|Using cached|Processing) (\S+)', text)
        installing = re.match(r'Installing collected packages: (.*)', text)
        known = re.match(r'Collecting|Building|Preparing|Successfully', text)
        if counter:
            done, total = int(counter[1]), int(counter[2])
            self.detail = f'downloading {self._file} {100 * done // max(total, 1)} %'
        elif compiled:
            self.detail = f'compiled {compiled[1]} of {compiled[2]} files'
        elif fetched:
            self._file = fetched[1].rsplit('/', 1)[-1]
            self.detail = text
        elif installing:
            self.detail = f'installing {installing[1].count(",") + 1} packages'
        elif known:
            self.detail = text


def clock(seconds: float) -> str:
    """Return a duration as `12 s` or as `3 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes} min {rest:02d} s' if minutes else f'{rest} s'


class Reporter:
    """Say how a step gets on: one line rewritten on a terminal, a heartbeat line elsewhere."""

    def __init__(self, label: str, stream: TextIO, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        """Keep the label that starts each line and where to write."""
        self.label = label
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.heartbeat = heartbeat
        self._last = time.monotonic()

    def tick(self, elapsed: float, detail: str) -> None:
        """Tell the elapsed seconds and the detail, if it is time to."""
        text = f'{self.label} {clock(elapsed)} {detail}'[: WIDTH - 1]
        if self.is_terminal:
            self.stream.write(f'\r\033[K{text}')
        elif time.monotonic() - self._last >= self.heartbeat:
            self._last = time.monotonic()
            self.stream.write(f'{text}\n')
        self.stream.flush()

    def close(self, text: str) -> None:
        """Write the last line of the step."""
        start = '\r\033[K' if self.is_terminal else ''
        self.stream.write(f'{start}{self.label} {text}\n')
        self.stream.flush()


def run_logged(
    command: Sequence[str],
    log: Path,
    environment: dict[str, str],
    folder: Path,
    reporter: Reporter,
    poll_seconds: float = 0.5,
) -> int:
    """Run a command to its end and return its exit status.

    Standard output and error go to the log, line by line; the reporter hears twice a second.
    An interruption (Ctrl-C) ends the command before it is passed on.
    """
    progress, start = Progress(), time.monotonic()
    with log.open('w', encoding='utf-8', errors='replace') as out:
        out.write(f'$ {" ".join(command)}\n')
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            text=True,
            errors='replace',
        )
        reader = threading.Thread(target=_copy, args=(process, out, progress.read), daemon=True)
        reader.start()
        try:
            while _still_runs(process, poll_seconds):
                reporter.tick(time.monotonic() - start, progress.detail)
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
            reader.join()
    return process.returncode


def _still_runs(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _copy(process: subprocess.Popen[str], out: TextIO, hear: Callable[[str], None]) -> None:
    for line in process.stdout or ():
        out.write(line)
        out.flush()
        hear(line)


def write_error(text: str) -> None:
    """Write a message to standard error."""
    sys.stderr.write(text + '\n')
    sys.stderr.flush()
