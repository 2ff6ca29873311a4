from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dualcenter_mmpose.synthetic import folder as folders
from dualcenter_mmpose.synthetic.folder import (
    finish_folder,
    image_path,
    is_finished,
    make_info,
    open_folder,
    part_path,
    write_whole,
)
from dualcenter_mmpose.synthetic.settings import Settings

SETTINGS = Settings(3, seed=4, num_val_images=1)
INFO = make_info(SETTINGS)


def fill(folder: Path) -> None:
    """Write what workers would: an image and its entries, with as many annotations as its index."""
    for idx in range(SETTINGS.num_images):
        write_whole(image_path(folder, idx), b'jpeg')
        image = {'id': idx + 1, 'file_name': image_path(folder, idx).name, 'width': 4, 'height': 3}
        entry = {'image': image, 'annotations': [{'category_id': 1}] * idx}
        write_whole(part_path(folder, idx), json.dumps(entry).encode())


class TestOpenFolder:
    """Begin, go on, or refuse."""

    @pytest.mark.parametrize('exists', [False, True])
    def test_begin(self, tmp_path: Path, exists: bool) -> None:
        """A missing or an empty folder is prepared, with its parents."""
        folder = tmp_path / 'a' / 'b'
        if exists:
            folder.mkdir(parents=True)
        assert not open_folder(folder, INFO)
        assert (folder / 'images').is_dir()
        assert not is_finished(folder, 0, False)

    def test_go_on(self, tmp_path: Path) -> None:
        """The same arguments go on, as often as wanted, even if only the hidden folder was made before."""
        (tmp_path / '.unfinished').mkdir()
        for _ in range(3):
            assert not open_folder(tmp_path, INFO)

    def test_other_arguments(self, tmp_path: Path) -> None:
        """Both sets of arguments are named; nothing changes."""
        open_folder(tmp_path, INFO)
        with pytest.raises(FileExistsError, match='seed 5.*found version .* seed 4'):
            open_folder(tmp_path, make_info(SETTINGS._replace(seed=5)))

    def test_foreign(self, tmp_path: Path) -> None:
        """A folder with anything else, or a file, is refused and left alone."""
        (tmp_path / 'notes.txt').write_text('mine')
        with pytest.raises(FileExistsError, match='not empty and was not begun with these arguments'):
            open_folder(tmp_path, INFO)
        assert os.listdir(tmp_path) == ['notes.txt']
        with pytest.raises(FileExistsError, match='is a file'):
            open_folder(tmp_path / 'notes.txt', INFO)


class TestFinishFolder:
    """Both splits, then no trace of the work."""

    def test_splits(self, tmp_path: Path) -> None:
        """The last image is for validation; ids count on; nothing hidden is left; opening again finds it complete."""
        open_folder(tmp_path, INFO)
        fill(tmp_path)
        (tmp_path / 'images' / '.000000000001.jpg.77.tmp').write_bytes(b'half')
        finish_folder(tmp_path, SETTINGS)
        train, val = (
            json.loads((tmp_path / 'annotations' / f'person_keypoints_{split}.json').read_text())
            for split in ('train', 'val')
        )
        assert [image['id'] for image in train['images']] == [1, 2]
        assert [image['file_name'] for image in val['images']] == ['000000000003.jpg']
        assert [(row['id'], row['image_id']) for row in train['annotations']] == [(1, 2)]
        assert [(row['id'], row['image_id']) for row in val['annotations']] == [(2, 3), (3, 3)]
        assert train['info'] == val['info'] == INFO
        assert len(train['categories'][0]['skeleton']) == 19
        assert sorted(os.listdir(tmp_path)) == ['annotations', 'images']
        assert not list(tmp_path.rglob('.*'))
        assert open_folder(tmp_path, INFO)
        assert is_finished(tmp_path, 0, True)

    def test_interrupted_clean_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stopped while deleting the parts, the set is complete, and the rest goes at the next call."""
        open_folder(tmp_path, INFO)
        fill(tmp_path)

        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(folders.shutil, 'rmtree', stop)
            with pytest.raises(KeyboardInterrupt):
                finish_folder(tmp_path, SETTINGS)
        assert open_folder(tmp_path, INFO)
        assert sorted(os.listdir(tmp_path)) == ['annotations', 'images']


class TestIsFinished:
    """An image counts when its entries are readable."""

    def test_states(self, tmp_path: Path) -> None:
        """Image without entries, broken entries and entries without image all need work."""
        open_folder(tmp_path, INFO)
        fill(tmp_path)
        assert all(is_finished(tmp_path, idx, False) for idx in range(3))
        part_path(tmp_path, 0).unlink()
        part_path(tmp_path, 1).write_text('{"image": ')
        image_path(tmp_path, 2).unlink()
        assert not any(is_finished(tmp_path, idx, False) for idx in range(3))


class TestWriteWhole:
    """The whole file or the old one."""

    def test_failure_keeps_the_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the last step fails, the old content stands."""
        path = tmp_path / 'a'
        write_whole(path, b'old')
        monkeypatch.setattr(folders.os, 'replace', lambda *_: (_ for _ in ()).throw(OSError('full')))
        with pytest.raises(OSError, match='full'):
            write_whole(path, b'new')
        assert path.read_bytes() == b'old'
