"""A failed step is explained from its log, and a full disk before it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from setup_support import problems

MB = problems.MEGABYTE


class TestExplain:
    """Law: the message names the true cause, also where pip adds general complaints to it."""

    @pytest.mark.parametrize(
        ('log', 'why'),
        [
            ('', 'does not know'),
            ('ERROR: Could not install packages: [Errno 28] No space left on device', 'disk is'),
            ('OSError: [Errno 122] Disk quota exceeded', 'disk is'),
            (
                'WARNING: Retrying (Retry(total=0)) after connection broken by '
                "'NewConnectionError(...: [Errno -3] Temporary failure in name resolution')'\n"
                'ERROR: Could not find a version that satisfies the requirement torch==2.11.0 '
                '(from versions: none)\nERROR: No matching distribution found for torch==2.11.0',
                'could not reach',
            ),
            ('ERROR: No matching distribution found for torch==9.9', 'no such version'),
            ('SSLError(SSLCertVerificationError(1, "CERTIFICATE_VERIFY_FAILED"))', 'certificate'),
            ("error: command 'gcc' failed: No such file or directory", 'no C++ compiler'),
            ("error: command '/usr/bin/g++' failed: No such file or directory", 'no C++ compiler'),
            (
                '/bin/sh: 1: c++: not found\nRuntimeError: Error compiling objects',
                'no C++ compiler',
            ),
            ('x.cpp:3: error: bad\nRuntimeError: Error compiling objects', 'compiler refused'),
            ('x.cpp:1:10: fatal error: Python.h: No such file or directory', 'Python.h'),
            ('c++: fatal error: Killed signal terminated program cc1plus', 'out of memory'),
            ('OSError: CUDA_HOME environment variable is not set.', 'CUDA'),
            ('The virtual environment was not created: ensurepip is not available', 'ensurepip'),
            ("PermissionError: [Errno 13] Permission denied: '/x'", 'may not be written'),
        ],
    )
    def test_cause(self, log: str, why: str) -> None:
        """One known failure each; an unknown one says so."""
        advice = problems.explain(log)
        assert why in advice.why
        assert advice.way_out


class TestLastError:
    """Law: the end of the log, without the counters of downloads."""

    def test_counters_left_out(self) -> None:
        """Blank lines and progress do not push the error out of sight."""
        log = 'first\nERROR: bad\n\nProgress 1 of 2\nProgress 2 of 2\n'
        assert problems.last_error(log, num_lines=2) == ['first', 'ERROR: bad']

    def test_cause_further_up(self) -> None:
        """The line that tells the cause is shown even when pip went on for long."""
        log = '[Errno 28] No space left\nCleaning\nup\nERROR: failed\n'
        expected = ['[Errno 28] No space left', '...', 'up', 'ERROR: failed']
        assert problems.last_error(log, num_lines=2) == expected
        assert problems.last_error(log, num_lines=4) == log.splitlines()

    def test_empty(self) -> None:
        """An empty log ends with nothing."""
        assert problems.last_error('') == []


class TestCheckSpace:
    """Law: needs on one disk add up, and too little is an error with both numbers."""

    def test_nothing_needed(self, tmp_path: Path) -> None:
        """No step, no need."""
        problems.check_space([], free_bytes=lambda folder: 0)
        problems.check_space([(tmp_path, 0)], free_bytes=lambda folder: 0)

    def test_just_enough(self, tmp_path: Path) -> None:
        """Exactly the need is enough."""
        problems.check_space([(tmp_path, 7)], free_bytes=lambda folder: 7 * MB)

    def test_sum_on_one_disk(self, tmp_path: Path) -> None:
        """5 MB and 3 MB in two folders of one disk do not fit into 7 MB."""
        (tmp_path / 'a').mkdir()
        needs = [(tmp_path, 5), (tmp_path / 'a', 3)]
        with pytest.raises(problems.SetupError, match=r'7 MB free; .* 8 MB'):
            problems.check_space(needs, free_bytes=lambda folder: 7 * MB)
