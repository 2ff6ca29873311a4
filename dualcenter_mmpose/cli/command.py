"""How every sub-command of ``dualcenter`` is parsed, run and ended: exit status and messages, in one place.

A module of a sub-command has a docstring and ``EXAMPLES`` (what ``--help`` prints), ``add_arguments(parser)`` and
``run(arguments)``, which returns the exit status. ``IS_RESUMABLE = True`` says that the same command goes on where it
was interrupted. Python's standard library is all that is needed here: some commands start without anything else.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

DONE = 0
FOUND_WANTING = 1
"""Something was checked and is not as it should be, or part of the work failed; the command's help says what."""
BAD_INPUT = 2
INTERRUPTED = 130


class InputError(Exception):
    """Something that the user can mend; the message says in one line what is wrong and what to do."""


class Parser(argparse.ArgumentParser):
    """A parser that raises for a bad command line, so that every refusal is printed in one place and form."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            InputError: always.
        """
        raise InputError(f'{message} (options: {self.prog} --help)')


@contextmanager
def bad_input(*others: type[Exception]) -> Iterator[None]:
    """Turn what the package raises for unusable files and values into an input error.

    Args:
        others: kinds of errors that mean bad input here, besides ``ValueError`` and ``OSError``.

    Raises:
        InputError: in place of the error, with its message in one line.
    """
    kinds: tuple[type[Exception], ...] = (ValueError, OSError, *others)
    try:
        yield
    except kinds as error:
        raise InputError(describe_error(error)) from error


def describe_error(error: Exception) -> str:
    """Return an error's message in one line."""
    text = f'the key {error} is missing' if isinstance(error, KeyError) else str(error)
    return ' '.join(text.split()) or type(error).__name__


def build_parser(prog: str, module: Any) -> Parser:
    """Return the parser of a sub-command.

    Args:
        prog: name of the program in usage and messages.
        module: of the sub-command.
    """
    parser = Parser(
        prog=prog,
        description=module.__doc__,
        epilog=module.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser


def run_command(prog: str, module: Any, argv: Sequence[str]) -> int:
    """Run a sub-command and return the exit status; whatever the user can mend ends in one line and status 2.

    Args:
        prog: name of the program in usage and messages.
        module: of the sub-command.
        argv: command line after the name of the sub-command.
    """
    parser = build_parser(prog, module)
    try:
        arguments = parser.parse_args(argv)
    except InputError as error:
        return refuse(prog, str(error))
    except SystemExit as stop:  # after --help
        return int(stop.code or DONE)
    try:
        return int(module.run(arguments))
    except InputError as error:
        return refuse(prog, str(error))
    except KeyboardInterrupt:
        hint = ': run the same command again to go on' if getattr(module, 'IS_RESUMABLE', False) else ''
        _print_once(f'\n{prog}: interrupted{hint}')
        return INTERRUPTED


def refuse(prog: str, message: str) -> int:
    """Say what is wrong and return the exit status."""
    _print_once(f'{prog}: error: {message}')
    return BAD_INPUT


def _print_once(text: str) -> None:
    """Print to the standard error output, from one of the processes that torchrun has started."""
    if os.environ.get('RANK', '0') == '0':
        print(text, file=sys.stderr)
