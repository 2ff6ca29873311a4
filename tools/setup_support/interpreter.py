"""Finding the Python that makes the environment, and whether it can compile an extension."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROBE = """
import json, os, sys, sysconfig
try:
    import ensurepip, venv
    has_venv = True
except ImportError:
    has_venv = False
include = sysconfig.get_path('include')
print(json.dumps([list(sys.version_info[:2]), has_venv, include]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python found on this machine.

    Attributes:
        path: Its executable.
        version: (major, minor).
        has_venv: Whether it can make virtual environments.
        include: Folder where its C headers belong.
    """

    path: str
    version: tuple[int, int]
    has_venv: bool
    include: str

    @property
    def has_headers(self) -> bool:
        """Whether an extension can be compiled for it."""
        return (Path(self.include) / 'Python.h').is_file()


def probe(path: str) -> Interpreter | None:
    """Return what the executable says of itself, None when it does not run as a Python."""
    try:
        answer = subprocess.run([path, '-c', PROBE], capture_output=True, text=True, timeout=60, check=True)
        version, has_venv, include = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(path, (version[0], version[1]), has_venv, include)


def candidates(version: tuple[int, int], search_path: str) -> list[str]:
    """Return this Python and every `pythonX.Y` on the search path, in order, each once."""
    name = f'python{version[0]}.{version[1]}'
    paths = [str(Path(folder) / name) for folder in search_path.split(os.pathsep) if folder]
    return list(dict.fromkeys([sys.executable, *(path for path in paths if Path(path).is_file())]))


def find_interpreter(version: tuple[int, int], search_path: str) -> Interpreter | None:
    """Return the most complete Python of this version, None when there is none.

    One with venv beats one without, then one with headers; ties go to the search order.
    """
    found = [probe(path) for path in candidates(version, search_path)]
    fitting = [python for python in found if python is not None and python.version == version]
    return max(fitting, key=lambda each: (each.has_venv, each.has_headers), default=None)


def find_compiler(environment: dict[str, str]) -> str | None:
    """Return the C++ compiler that an extension build would use, None when there is none."""
    chosen = environment.get('CXX', '').split()
    for name in chosen[:1] or ['c++', 'g++', 'clang++']:
        if shutil.which(name, path=environment.get('PATH', '')):
            return name
    return None


def compile_problem(compiler: str, include: str) -> str | None:
    """Return the compiler's complaint about C++17 with Python's headers, None without one."""
    source = '#include <Python.h>\n#include <optional>\nint main() { return 0; }\n'
    command = [compiler, '-std=c++17', '-fsyntax-only', f'-I{include}', '-x', 'c++', '-']
    try:
        answer = subprocess.run(command, input=source, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return None if answer.returncode == 0 else answer.stderr.strip()


def has_nvcc(environment: dict[str, str]) -> bool:
    """Return whether CUDA operators could be compiled."""
    home = environment.get('CUDA_HOME') or environment.get('CUDA_PATH') or '/usr/local/cuda'
    return (Path(home) / 'bin' / 'nvcc').exists() or (
        shutil.which('nvcc', path=environment.get('PATH', '')) is not None
    )
