"""The writer of files: whole or not at all, also when it is killed, fails, or is not alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dualcenter_mmpose.utils.files import replace_file, write_bytes, write_json, write_text
from dualcenter_mmpose.utils.locations import package_folder

SIZE = 4_000_000
KILLED_WRITER = """
import sys
from dualcenter_mmpose.utils.files import replace_file
from dualcenter_mmpose.utils.locations import package_folder
with replace_file(sys.argv[1]) as temporary, temporary.open('w') as file:
    file.write('half of the new')
    file.flush()
    print('written', flush=True)
    sys.stdin.read()
"""
BUSY_WRITER = """
import sys
from dualcenter_mmpose.utils.files import write_text
from dualcenter_mmpose.utils.locations import package_folder
print('ready', flush=True)
sys.stdin.readline()
for _ in range(20):
    write_text(sys.argv[1], sys.argv[2] * int(sys.argv[3]))
"""


def start(program: str, *argv: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, '-c', program, *map(str, argv)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=package_folder().parent,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / 'record.txt'
    path.write_text('old')
    process = start(KILLED_WRITER, path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert path.read_text() == 'old'
    write_text(path, 'new')  # what the killed one left is in nobody's way
    assert path.read_text() == 'new'


def test_two_writers_leave_one_of_the_two_whole(tmp_path: Path) -> None:
    path = tmp_path / 'record.txt'
    processes = [start(BUSY_WRITER, path, letter, SIZE) for letter in 'ab']
    for process in processes:
        assert process.stdin is not None
        process.stdin.write('go\n')
        process.stdin.flush()
    while any(process.poll() is None for process in processes):
        if path.exists():
            assert path.read_text() in ('a' * SIZE, 'b' * SIZE)
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert [each.name for each in tmp_path.iterdir()] == ['record.txt']


def stop_half_way(path: Path) -> None:
    path.write_text('half')
    raise KeyboardInterrupt


def test_a_failing_writer_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / 'record.txt'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt), replace_file(path) as temporary:
        stop_half_way(temporary)
    with pytest.raises(ValueError, match='JSON'):
        write_json(path, {'loss': float('nan')})
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_wrote_nothing_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='left no file'), replace_file(tmp_path / 'picture.png'):
        pass  # as cv2.imwrite does, which returns False and raises nothing


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / 'absent'
    with pytest.raises(FileNotFoundError, match=f"the folder '{folder}' does not exist"):
        write_text(folder / 'record.txt', 'new')
    assert not folder.exists()


def test_what_is_written_is_what_was_given(tmp_path: Path) -> None:
    write_bytes(tmp_path / 'a.bin', b'\x00\r\n')
    write_text(str(tmp_path / 'a.txt'), 'center: ü\r\n')
    write_json(tmp_path / 'a.json', {'b': [1, None]})
    write_json(tmp_path / 'line.json', {'b': [1, None]}, indent=None)
    assert (tmp_path / 'a.bin').read_bytes() == b'\x00\r\n'
    assert (tmp_path / 'a.txt').read_bytes() == 'center: ü\r\n'.encode()
    assert (tmp_path / 'a.json').read_text() == '{\n  "b": [\n    1,\n    null\n  ]\n}\n'
    assert (tmp_path / 'line.json').read_text() == '{"b": [1, null]}\n'
    assert json.loads((tmp_path / 'a.json').read_text()) == {'b': [1, None]}


def test_other_users_may_read_what_the_process_lets_them(tmp_path: Path) -> None:
    old_mask = os.umask(0o022)
    try:
        write_text(tmp_path / 'record.txt', 'new')
    finally:
        os.umask(old_mask)
    assert (tmp_path / 'record.txt').stat().st_mode & 0o777 == 0o644


def test_the_temporary_name_keeps_the_suffix_and_is_never_too_long(tmp_path: Path) -> None:
    path = tmp_path / ('x' * 240 + '.pth')
    with replace_file(path) as temporary:
        assert temporary.suffix == '.pth'
        assert temporary != path
        temporary.write_bytes(b'1')
    assert path.read_bytes() == b'1'
