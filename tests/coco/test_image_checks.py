from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from dualcenter_mmpose.coco.image_checks import describe_broken_image, find_missing_images


class TestFindMissingImages:
    """Names without a file."""

    def test_names(self, tmp_path: Path) -> None:
        """Files in the folder and below are found; order and repetition are kept."""
        (tmp_path / 'sub').mkdir()
        for name in ('a.jpg', 'sub/b.jpg'):
            (tmp_path / name).touch()
        wanted = ['z.jpg', 'a.jpg', 'sub/b.jpg', 'sub/a.jpg', 'none/a.jpg', 'sub']
        missing = find_missing_images(wanted, str(tmp_path))
        assert missing == ['z.jpg', 'sub/a.jpg', 'none/a.jpg', 'sub']

    def test_nothing_wanted(self, tmp_path: Path) -> None:
        """No names, none missing."""
        assert find_missing_images([], str(tmp_path)) == []

    def test_each_folder_is_listed_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A thousand images cost one listing, not a thousand questions."""
        calls = []
        scandir = os.scandir
        monkeypatch.setattr(os, 'scandir', lambda path: calls.append(path) or scandir(path))
        find_missing_images([f'{i}.jpg' for i in range(1000)], str(tmp_path))
        assert len(calls) == 1


class TestDescribeBrokenImage:
    """Why an image cannot be read."""

    @pytest.mark.parametrize('extension', ['.jpg', '.png'])
    def test_whole_and_truncated(self, tmp_path: Path, extension: str) -> None:
        """A whole file is fine, nine tenths of it are not."""
        noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
        content = cv2.imencode(extension, noise)[1].tobytes()
        path = tmp_path / f'a{extension}'
        path.write_bytes(content)
        assert describe_broken_image(str(path)) is None
        path.write_bytes(content[: len(content) * 9 // 10])
        assert 'corrupt, truncated' in describe_broken_image(str(path))

    def test_other_faults(self, tmp_path: Path) -> None:
        """Missing, empty, no picture."""
        path = tmp_path / 'a.jpg'
        assert 'does not exist' in describe_broken_image(str(path))
        path.write_bytes(b'')
        assert 'empty' in describe_broken_image(str(path))
        path.write_bytes(b'{"not": "a picture"}')
        assert '20 bytes' in describe_broken_image(str(path))
