"""Where numbers come from."""

from __future__ import annotations

import subprocess

from dualcenter_mmpose.experiments.ablation.provenance import find_commit, note_provenance, read_provenance


def git(folder, *words):
    options = ['-c', 'user.name=a', '-c', 'user.email=a@b.c', '-c', 'commit.gpgsign=false']
    subprocess.run(['git', '-C', str(folder), *options, *words], check=True, capture_output=True)


class TestFindCommit:
    """Of a clone, and of nothing else."""

    def test_clean_and_dirty(self, tmp_path):
        """A changed file is told; a tag is no commit."""
        git(tmp_path, 'init', '-q')
        (tmp_path / 'a').write_text('1')
        git(tmp_path, 'add', 'a')
        git(tmp_path, 'commit', '-qm', 'a')
        git(tmp_path, 'tag', '-a', 'v1', '-m', 'v1')
        head = subprocess.run(['git', '-C', str(tmp_path), 'rev-parse', 'HEAD'], capture_output=True, text=True).stdout
        assert find_commit(tmp_path) == head[:12]
        (tmp_path / 'a').write_text('2')
        assert find_commit(tmp_path) == f'{head[:12]}-dirty'

    def test_within_another(self, tmp_path):
        """A folder inside somebody else's clone has no commit of its own."""
        git(tmp_path, 'init', '-q')
        (tmp_path / 'inner').mkdir()
        assert find_commit(tmp_path / 'inner') is None


class TestNoteOrigin:
    """Written once."""

    def test_once(self, tmp_path):
        """What a training began with stays when it is resumed by other sources."""
        assert read_provenance(tmp_path) == {}
        note_provenance(tmp_path, tmp_path)
        first = read_provenance(tmp_path)
        assert {'torch', 'mmcv', 'mmpose', 'date', 'commit', 'dualcenter_mmpose', 'name'} <= set(first)
        git(tmp_path, 'init', '-q')
        (tmp_path / 'a').write_text('1')
        git(tmp_path, 'add', 'a')
        git(tmp_path, 'commit', '-qm', 'a')
        note_provenance(tmp_path, tmp_path)
        assert read_provenance(tmp_path) == first
