"""What went wrong and the way out, told from a step's log or from the machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Advice:
    """Why a step failed and what the user can do, each a sentence or two."""

    why: str
    way_out: str


class SetupError(Exception):
    """A reason to stop that the user can do something about."""

    def __init__(self, advice: Advice) -> None:
        """Keep the advice."""
        super().__init__(advice.why)
        self.advice = advice


NO_COMPILER = Advice(
    'mmcv has no ready-made wheel here, and there is no C++ compiler to build it.',
    'Install one (Debian and Ubuntu: apt-get install build-essential), or set CXX to yours, or '
    'point PIP_FIND_LINKS at a folder with an mmcv wheel for this Python.',
)
NO_HEADERS = Advice(
    'mmcv has to be compiled, and the header Python.h of this Python is not installed.',
    'Install it (Debian and Ubuntu: apt-get install python3.11-dev), or point PIP_FIND_LINKS at a '
    'folder with an mmcv wheel for this Python.',
)
NO_VENV = Advice(
    'This Python 3.11 cannot make virtual environments: it lacks the modules venv or ensurepip.',
    'Install them (Debian and Ubuntu: apt-get install python3.11-venv).',
)
NO_SPACE = Advice(
    'The disk is full.',
    'Free some space, or set TMPDIR to a folder on a larger disk where only the temporary files did not fit.',
)

# Tried in this order: a build that fails for want of a compiler also prints general errors of pip.
KNOWN: tuple[tuple[str, Advice], ...] = (
    (r'No space left on device|Disk quota exceeded|\[Errno 28\]|\[Errno 122\]', NO_SPACE),
    (r'ensurepip is not available', NO_VENV),
    (r'Python\.h: No such file', NO_HEADERS),
    (
        r'CUDA_HOME environment variable is not set|detected CUDA version .* mismatches'
        r'|unsupported GNU version',
        Advice(
            'mmcv found a GPU, but its CUDA operators do not compile with the CUDA toolkit here.',
            'Install the CUDA toolkit of the version that torch was built for, or build without '
            'CUDA operators: CUDA_VISIBLE_DEVICES= make setup.',
        ),
    ),
    (
        r"command '[^']*(?:gcc|g\+\+|cc|c\+\+)' failed: No such file"
        r'|unable to execute .*(?:gcc|g\+\+|cc|c\+\+)'
        r'|(?:gcc|g\+\+|cc|c\+\+): (?:command )?not found',
        NO_COMPILER,
    ),
    (
        r'Killed|Cannot allocate memory|internal compiler error|MemoryError',
        Advice(
            'The machine ran out of memory.',
            'Close other programs, or compile fewer files at a time: MAX_JOBS=1 make setup.',
        ),
    ),
    (
        r'Temporary failure in name resolution|Name or service not known|nodename nor servname'
        r'|NewConnectionError|Network is unreachable|Connection refused|ConnectTimeout'
        r'|Read timed out|Connection reset|ProxyError|Tunnel connection failed'
        r'|Connection aborted|IncompleteRead',
        Advice(
            'pip could not reach its package index, or lost the connection.',
            'Check the network, the proxy (HTTPS_PROXY) and the index (PIP_INDEX_URL, pip config list).',
        ),
    ),
    (
        r'CERTIFICATE_VERIFY_FAILED|SSLError',
        Advice(
            'The package index answered with a certificate that this machine does not trust.',
            'Behind a company proxy set PIP_CERT to its certificate file.',
        ),
    ),
    (
        r'No matching distribution found|Could not find a version that satisfies',
        Advice(
            'The package index has no such version for this Python and this kind of machine.',
            'Check which index pip asks (pip config list, PIP_INDEX_URL, PIP_NO_INDEX) and that '
            'the machine is x86_64 or aarch64 Linux.',
        ),
    ),
    (
        r'Error compiling objects|error: command .* failed with exit',
        Advice(
            'The compiler refused a file of a package that is built from source.',
            'Read the first line with "error:" in the log. Another compiler may help (CXX).',
        ),
    ),
    (
        r'Permission denied|Read-only file system|\[Errno 13\]|\[Errno 30\]',
        Advice(
            'A file or folder may not be written.',
            'Give yourself the right to write the project folder, or work on a copy that you own.',
        ),
    ),
)
UNKNOWN = Advice(
    'The command failed for a reason that this set-up does not know.',
    'Read the end of the log, mend the cause and run the same command again.',
)


def explain(log: str) -> Advice:
    """Return the advice for the first known failure in a log, `UNKNOWN` when there is none."""
    for pattern, advice in KNOWN:
        if re.search(pattern, log):
            return advice
    return UNKNOWN


def last_error(log: str, num_lines: int = 8) -> list[str]:
    """Return the last lines of a log that carry text, progress counters left out.

    Where the line that `explain` went by stands further up, it comes first.
    """
    lines = [line.rstrip() for line in log.splitlines()]
    told = [line for line in lines if line.strip() and not line.lstrip().startswith('Progress ')]
    end = told[-num_lines:]
    for pattern, _ in KNOWN:
        evidence = [line for line in told if re.search(pattern, line)]
        if evidence:
            return end if set(evidence) & set(end) else [evidence[-1], '...', *end]
    return end


def check_space(
    needs_mb: Iterable[tuple[Path, int]],
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> None:
    """Check that each folder's disk has the space needed, before anything is downloaded.

    Args:
        needs_mb: Existing folder and MB that the steps ahead write there; needs of folders on one
            disk add up.
        free_bytes: Free bytes on the disk of a folder.

    Raises:
        SetupError: A disk is too small; names the folder, the need and what is free.
    """
    by_disk: dict[int, tuple[Path, int]] = {}
    for folder, need in needs_mb:
        disk = folder.stat().st_dev
        first, sum_mb = by_disk.get(disk, (folder, 0))
        by_disk[disk] = (first, sum_mb + need)
    for folder, need in by_disk.values():
        free = free_bytes(folder) // MEGABYTE
        if free < need:
            raise SetupError(
                Advice(
                    f'The disk of {folder} has {free} MB free; the steps ahead need {need} MB.',
                    'Free some space or move the project to a larger disk. TMPDIR moves the '
                    "temporary files, PIP_NO_CACHE_DIR=1 does without pip's cache.",
                )
            )
