"""The Python for the environment and the compiler for mmcv, found by trying them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from setup_support import interpreter
from setup_support.interpreter import Interpreter

HERE = (sys.version_info[0], sys.version_info[1])


def write_program(path: Path, text: str) -> None:
    """Write an executable shell script."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
    path.chmod(0o755)


class TestProbe:
    """Law: what does not run as a Python is None, never an error."""

    def test_this_python(self) -> None:
        """The version is that of the running one."""
        found = interpreter.probe(sys.executable)
        assert found is not None
        assert found.version == HERE

    def test_absent(self, tmp_path: Path) -> None:
        """A path without a file."""
        assert interpreter.probe(str(tmp_path / 'python3.11')) is None

    def test_does_not_start(self, tmp_path: Path) -> None:
        """A version manager's stub for a version that is not chosen."""
        write_program(tmp_path / 'python3.11', 'echo "command not found" >&2; exit 127')
        assert interpreter.probe(str(tmp_path / 'python3.11')) is None

    def test_something_else(self, tmp_path: Path) -> None:
        """A program that starts and says something else."""
        write_program(tmp_path / 'python3.11', 'echo hello')
        assert interpreter.probe(str(tmp_path / 'python3.11')) is None


class TestFindInterpreter:
    """Law: the most complete Python of the version wins, the first among equals."""

    def test_none(self, tmp_path: Path) -> None:
        """No Python of that version on the path."""
        assert interpreter.find_interpreter((2, 0), str(tmp_path)) is None

    def test_most_complete(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that can make environments beats an earlier one that cannot, headers break ties."""
        (tmp_path / 'Python.h').touch()
        found = {
            'first': Interpreter('first', (3, 11), False, str(tmp_path)),
            'second': Interpreter('second', (3, 11), True, 'nowhere'),
            'third': Interpreter('third', (3, 11), True, str(tmp_path)),
            'fourth': Interpreter('fourth', (3, 11), True, str(tmp_path)),
            'newer': Interpreter('newer', (3, 12), True, str(tmp_path)),
        }
        monkeypatch.setattr(interpreter, 'candidates', lambda version, path: list(found))
        monkeypatch.setattr(interpreter, 'probe', found.get)
        assert interpreter.find_interpreter((3, 11), '') == found['third']
        del found['third'], found['fourth']
        assert interpreter.find_interpreter((3, 11), '') == found['second']


class TestCandidates:
    """Law: this Python first, then the search path in order, each once."""

    def test_order(self, tmp_path: Path) -> None:
        """Folders without that name and repeated folders add nothing."""
        write_program(tmp_path / 'a' / 'python3.11', 'exit 1')
        path = os.pathsep.join([str(tmp_path / 'b'), str(tmp_path / 'a'), '', str(tmp_path / 'a')])
        expected = [sys.executable, str(tmp_path / 'a' / 'python3.11')]
        assert interpreter.candidates((3, 11), path) == expected


class TestFindCompiler:
    """Law: CXX is the user's word; without it the usual names are tried."""

    def test_none(self, tmp_path: Path) -> None:
        """An empty search path has no compiler."""
        assert interpreter.find_compiler({'PATH': str(tmp_path)}) is None

    def test_usual_name(self, tmp_path: Path) -> None:
        """Only g++ there."""
        write_program(tmp_path / 'g++', 'exit 0')
        assert interpreter.find_compiler({'PATH': str(tmp_path)}) == 'g++'

    def test_chosen_one_only(self, tmp_path: Path) -> None:
        """A CXX that does not exist is not silently replaced."""
        write_program(tmp_path / 'g++', 'exit 0')
        assert interpreter.find_compiler({'PATH': str(tmp_path), 'CXX': 'icpx'}) is None


@pytest.mark.skipif(shutil.which('c++') is None, reason='needs a C++ compiler')
class TestCompileProblem:
    """Law: a real compilation decides, with Python's header included."""

    def test_without_header(self, tmp_path: Path) -> None:
        """The complaint names the header."""
        assert 'Python.h' in (interpreter.compile_problem('c++', str(tmp_path)) or '')

    def test_with_header(self, tmp_path: Path) -> None:
        """C++17 with the header in place compiles."""
        (tmp_path / 'Python.h').touch()
        assert interpreter.compile_problem('c++', str(tmp_path)) is None

    def test_compiler_does_not_run(self, tmp_path: Path) -> None:
        """A compiler that is gone is a complaint, not an error."""
        assert interpreter.compile_problem(str(tmp_path / 'c++'), str(tmp_path))
