"""A function in a process of its own, its output in a log: its memory comes back, and its failure is nobody else's."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, str] = MappingProxyType({})
SECONDS_TO_STOP = 10
"""How long a process that was asked to end may take before it is killed."""


_ENVIRONMENT_LOCK = threading.Lock()
"""The environment is one for all threads, of which several may start processes."""

LONGEST_ERROR = 4000
"""Characters of an error that are handed on; the log has all of it."""


class Outcome(NamedTuple):
    """How a process ended.

    Attributes:
        status: 0 if the function returned, 1 if it raised, else that of the process; negative if killed by a signal.
        error: type and text of what it raised, in one line; ``None`` otherwise.
        timed_out: whether it was stopped at the time limit.
    """

    status: int
    error: str | None = None
    timed_out: bool = False


def run_in_process(
    function: str,
    arguments: Sequence[Any],
    log: Path,
    seconds: float | None = None,
    environment: Mapping[str, str] = NOTHING,
) -> Outcome:
    """Run a function in a new process and wait for it.

    The process starts from nothing but this one's ``sys.path`` and environment; it may start processes itself. If this
    process is interrupted, so is that one.

    Args:
        function: ``'package.module:function'``.
        arguments: of the function; picklable.
        log: file to which everything that the process prints is added.
        seconds: time limit, none by default.
        environment: variables that are set in the process, before anything such as torch is imported there.
    """
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    # Not a daemon: those may not start processes, and a training has workers that load its images.
    process = context.Process(target=_run, args=(function, tuple(arguments), str(log), sender), daemon=False)
    try:
        with _ENVIRONMENT_LOCK, _environment(environment):
            process.start()
        sender.close()  # this side's copy: the pipe ends with the process
        process.join(seconds)
        timed_out = process.is_alive()
    finally:
        stop(process)
    return Outcome(process.exitcode or 0, _received(receiver), timed_out)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables set for as long as it takes to start a process, which inherits them."""
    before = {key: os.environ.get(key) for key in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def stop(process: Any) -> None:
    """End a process, by force if it does not listen."""
    if process.pid is None or not process.is_alive():  # an interruption may come before it has started
        return
    process.terminate()
    process.join(SECONDS_TO_STOP)
    if process.is_alive():
        process.kill()
        process.join()


def _received(receiver: Connection) -> str | None:
    """The error that was sent before the pipe was closed, if any."""
    try:
        return str(receiver.recv()) if receiver.poll() else None
    except EOFError:
        return None


def _run(function: str, arguments: tuple[Any, ...], log: str, sender: Connection) -> None:
    """What the new process does."""
    with open(log, 'a', encoding='utf-8') as output:
        # The descriptors, not the Python objects: libraries in C and processes of its own print to them, too.
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    try:
        module, _, name = function.partition(':')
        getattr(importlib.import_module(module), name)(*arguments)
    except Exception as error:
        traceback.print_exc()
        text = ' '.join(str(error).split()) or 'no message'
        # Not more than a pipe holds: the other side reads when this process has ended.
        sender.send(f'{type(error).__name__}: {text[:LONGEST_ERROR]}')
        sys.exit(1)
