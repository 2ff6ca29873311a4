"""A record is valid while nothing that made it has changed."""

from __future__ import annotations

import json

import pytest

from dualcenter_mmpose.experiments.comparison.entries import Entry
from dualcenter_mmpose.experiments.comparison.records import (
    entry_fingerprint,
    entry_folder,
    file_digest,
    load_entry_config,
    read_record,
)


@pytest.fixture
def model(tmp_path):
    """A model's config and checkpoint on disk."""
    (tmp_path / 'base.py').write_text('size = 1\n')
    (tmp_path / 'a.py').write_text("_base_ = './base.py'\nmodel = dict(type='A')\n")
    (tmp_path / 'a.pth').write_text('weights')
    return Entry('a', config=str(tmp_path / 'a.py'), checkpoint=str(tmp_path / 'a.pth'))


class TestEntryFingerprint:
    """Equal for equal content, wherever it lies; different for anything that decides on numbers."""

    def test_stays(self, model, tmp_path):
        """The name, and a copy of the checkpoint elsewhere, change nothing."""
        (tmp_path / 'copy.pth').write_text('weights')
        copy = model._replace(name='b', checkpoint=str(tmp_path / 'copy.pth'))
        assert entry_fingerprint(copy, dict(x=1)) == entry_fingerprint(model, dict(x=1))

    @pytest.mark.parametrize('file', ['base.py', 'a.py', 'a.pth'])
    def test_files(self, file, model, tmp_path):
        """A config, what it inherits, and the checkpoint."""
        before = entry_fingerprint(model, {})
        path = tmp_path / file
        path.write_text(path.read_text() + ('x = 1\n' if file.endswith('py') else 'x'))
        assert entry_fingerprint(model, {}) != before

    def test_others(self, model, tmp_path):
        """Data and options, no checkpoint, and results in place of a model."""
        (tmp_path / 'r.json').write_text('[]')
        entries = [model, model._replace(checkpoint='none'), Entry('r', results=str(tmp_path / 'r.json'))]
        found = {entry_fingerprint(entry, dict(batch=batch)) for entry in entries for batch in (1, 2)}
        assert len(found) == 6

    def test_missing(self, model):
        """A file that is not there is named."""
        with pytest.raises(FileNotFoundError, match=r'no\.pth'):
            entry_fingerprint(model._replace(checkpoint='no.pth'), {})
        with pytest.raises(FileNotFoundError, match=r'no\.py'):
            entry_fingerprint(model._replace(config='no.py'), {})


class TestFileDigest:
    """SHA-256 of the content."""

    def test_known(self, tmp_path):
        """That of 'abc', as the standard gives it."""
        (tmp_path / 'a').write_text('abc')
        assert file_digest(tmp_path / 'a').startswith('ba7816bf8f01cfea')


class TestLoadEntryConfig:
    """Files, and configs of packages."""

    def test_package(self):
        """MMPose's own are found by ``mmpose::``."""
        config = load_entry_config('mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w32_8xb10-140e_coco-512x512.py')
        assert config.model.head.type == 'DEKRHead'


class TestReadRecord:
    """Only a record with the fingerprint asked for."""

    def test_fingerprint(self, tmp_path):
        """The right one, another one, any, and a file cut short."""
        folder = entry_folder(tmp_path, Entry('a b'))
        assert folder == tmp_path / 'entries' / 'a-b'
        folder.mkdir(parents=True)
        assert read_record(folder) is None
        record = dict(fingerprint='f', scores={})
        (folder / 'record.json').write_text(json.dumps(record))
        assert read_record(folder, 'f') == read_record(folder) == record
        assert read_record(folder, 'g') is None
        (folder / 'record.json').write_text('{"finger')
        assert read_record(folder) is None
