"""Stamps of finished steps: nothing half-done counts as done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from setup_support import stamps


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Return an environment of ours with a Python in it."""
    folder = tmp_path / '.venv'
    stamps.claim(folder)
    (folder / 'bin').mkdir()
    (folder / 'bin' / 'python').symlink_to(sys.executable)
    return folder


class TestIsDone:
    """Law: done means this fingerprint was written and the environment's Python still runs."""

    def test_nothing_there(self, tmp_path: Path) -> None:
        """A folder that does not exist has nothing done."""
        assert not stamps.is_done(tmp_path / 'none', 'torch', 'a')

    def test_remembered(self, venv: Path) -> None:
        """The same fingerprint is done, another is not, and neither is another step."""
        stamps.remember(venv, 'torch', 'a')
        assert stamps.is_done(venv, 'torch', 'a')
        assert not stamps.is_done(venv, 'torch', 'b')
        assert not stamps.is_done(venv, 'mmcv', 'a')

    def test_forgotten(self, venv: Path) -> None:
        """Forgetting twice is forgetting once."""
        stamps.remember(venv, 'torch', 'a')
        stamps.forget(venv, 'torch')
        stamps.forget(venv, 'torch')
        assert not stamps.is_done(venv, 'torch', 'a')

    def test_half_written_stamp(self, venv: Path) -> None:
        """What an interruption leaves beside the stamp does not count."""
        (venv / stamps.STAMPS / 'torch.partial').write_text('a\n', encoding='utf-8')
        assert not stamps.is_done(venv, 'torch', 'a')

    def test_python_removed(self, venv: Path) -> None:
        """A link to a Python that is gone makes the whole environment due."""
        stamps.remember(venv, 'torch', 'a')
        (venv / 'bin' / 'python').unlink()
        (venv / 'bin' / 'python').symlink_to(venv / 'gone')
        assert not stamps.is_done(venv, 'torch', 'a')


class TestClaim:
    """Law: only a new or empty folder, or one of ours, becomes ours."""

    def test_new_empty_and_ours(self, tmp_path: Path) -> None:
        """All three are accepted, and claiming again changes nothing."""
        (tmp_path / 'empty').mkdir()
        for name in ('new', 'empty', 'new'):
            stamps.claim(tmp_path / name)
            assert stamps.is_ours(tmp_path / name)

    def test_somebody_elses(self, tmp_path: Path) -> None:
        """A folder with other content is left as it is."""
        (tmp_path / 'mine.txt').touch()
        with pytest.raises(FileExistsError):
            stamps.claim(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']

    def test_file_in_the_way(self, tmp_path: Path) -> None:
        """A file of that name is left as it is."""
        (tmp_path / '.venv').touch()
        with pytest.raises(FileExistsError):
            stamps.claim(tmp_path / '.venv')


class TestClear:
    """Law: everything goes but the lock, and the folder stays ours."""

    def test_clear(self, venv: Path) -> None:
        """Stamps and links are gone; what a link points to is not."""
        outside = venv.parent / 'outside'
        outside.mkdir()
        (outside / 'kept').touch()
        (venv / 'lib64').symlink_to(outside)
        (venv / stamps.LOCK).touch()
        stamps.remember(venv, 'torch', 'a')
        stamps.clear(venv)
        expected = {stamps.LOCK, stamps.LOGS, stamps.STAMPS}
        assert {path.name for path in venv.iterdir()} == expected
        assert not any((venv / stamps.STAMPS).iterdir())
        assert (outside / 'kept').exists()
