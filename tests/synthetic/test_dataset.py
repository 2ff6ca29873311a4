from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from dualcenter_mmpose.coco.annotation_checks import load_coco_annotations
from dualcenter_mmpose.synthetic import dataset
from dualcenter_mmpose.synthetic.dataset import make_dataset, make_image
from dualcenter_mmpose.synthetic.folder import image_path, make_info, open_folder, part_path
from dualcenter_mmpose.synthetic.scene import size_bucket
from dualcenter_mmpose.synthetic.settings import Settings
from dualcenter_mmpose.synthetic.skeleton import KEYPOINT_NAMES
from tests.reference.coco_files import coco_content, person, write_coco

SETTINGS = Settings(6, seed=3, num_val_images=2, size=128)


def digest(folder: Path) -> dict[str, str]:
    """Return the hash of every file in a folder by its relative path."""
    files = (path for path in sorted(folder.rglob('*')) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope='module')
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small set, made in one go."""
    folder = tmp_path_factory.mktemp('set')
    assert make_dataset(folder, SETTINGS, num_workers=1) == (6, 6)
    return folder


class TestMakeDataset:
    """A COCO set, the same however it came about."""

    def test_files(self, finished: Path) -> None:
        """Six images and two annotation files."""
        names = [f'images/{idx:012d}.jpg' for idx in range(1, 7)]
        assert sorted(digest(finished)) == [
            'annotations/person_keypoints_train.json', 'annotations/person_keypoints_val.json', *names,
        ]  # fmt: skip

    def test_loads(self, finished: Path, capsys: pytest.CaptureFixture) -> None:
        """pycocotools and the project's own checks read it; images have the sizes stated."""
        for split, count in (('train', 4), ('val', 2)):
            path = finished / 'annotations' / f'person_keypoints_{split}.json'
            coco = COCO(str(path))
            assert len(coco.imgs) == count
            assert coco.loadCats([1])[0]['keypoints'] == list(KEYPOINT_NAMES)
            checked = load_coco_annotations(path, num_keypoints=17, images_dir=str(finished / 'images'))
            for image in checked.images:
                read = cv2.imread(str(finished / 'images' / image['file_name']))
                assert read.shape == (image['height'], image['width'], 3)
            for row in checked.annotations:
                assert coco.annToMask(row).any()
                assert row['num_keypoints'] == sum(v > 0 for v in row['keypoints'][2::3])

    def test_other_seed(self, finished: Path, tmp_path: Path) -> None:
        """Another seed gives other images; the same seed the same."""
        make_dataset(tmp_path / 'a', SETTINGS._replace(seed=4), num_workers=1)
        make_dataset(tmp_path / 'b', SETTINGS, num_workers=1)
        assert digest(tmp_path / 'b') == digest(finished)
        other = digest(tmp_path / 'a')
        assert all(other[name] != value for name, value in digest(finished).items())

    def test_prefix(self, finished: Path, tmp_path: Path) -> None:
        """An image depends on seed and index only: the first three of a smaller set are the same."""
        make_dataset(tmp_path, SETTINGS._replace(num_images=3, num_val_images=0), num_workers=1)
        few, all_six = digest(tmp_path), digest(finished)
        assert all(few[name] == all_six[name] for name in few if name.startswith('images'))

    def test_resume(self, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stopped after three images and damaged, the set is completed exactly, without redoing finished images."""
        made: list[int] = []

        def make_some(idx: int, *rest: object) -> tuple:
            if len(made) == 3:
                raise KeyboardInterrupt
            made.append(idx)
            return make_image(idx, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(dataset, 'make_image', make_some)
            with pytest.raises(KeyboardInterrupt):
                make_dataset(tmp_path, SETTINGS, num_workers=1)
        part = part_path(tmp_path, 1)
        part.write_bytes(part.read_bytes()[:40])
        image_path(tmp_path, 2).unlink()
        before = image_path(tmp_path, 0).stat().st_mtime_ns
        assert make_dataset(tmp_path, SETTINGS, num_workers=1) == (6, 5)
        assert image_path(tmp_path, 0).stat().st_mtime_ns == before
        assert digest(tmp_path) == digest(finished)

    def test_lost_image(self, finished: Path, tmp_path: Path) -> None:
        """A finished set gets a lost image back and nothing else is touched; then there is nothing to do."""
        make_dataset(tmp_path, SETTINGS, num_workers=1)
        image_path(tmp_path, 4).unlink()
        assert make_dataset(tmp_path, SETTINGS, num_workers=1) == (6, 1)
        assert make_dataset(tmp_path, SETTINGS, num_workers=1) == (6, 0)
        assert digest(tmp_path) == digest(finished)

    def test_refuses(self, finished: Path) -> None:
        """Another seed in a finished folder is refused, and nothing changes."""
        before = digest(finished)
        with pytest.raises(FileExistsError, match='seed 9'):
            make_dataset(finished, SETTINGS._replace(seed=9))
        assert digest(finished) == before

    def test_begun_elsewhere(self, tmp_path: Path) -> None:
        """A folder begun with other arguments is refused."""
        open_folder(tmp_path, make_info(SETTINGS._replace(size=256)))
        with pytest.raises(FileExistsError, match='"size": 128.*found .*"size": 256'):
            make_dataset(tmp_path, SETTINGS)

    def test_bad_input_writes_nothing(self, tmp_path: Path) -> None:
        """Wrong settings and missing layouts leave no folder."""
        for bad in (SETTINGS._replace(size=1), SETTINGS._replace(layout=str(tmp_path / 'none.json'))):
            with pytest.raises(ValueError, match='size must be|does not exist'):
                make_dataset(tmp_path / 'out', bad)
        assert not (tmp_path / 'out').exists()

    def test_layout(self, tmp_path: Path) -> None:
        """Sizes and labelled keypoints are the layout's, whose images are taken in turns."""
        path = write_coco(tmp_path, coco_content(person(1, 1, (30, 20, 60, 120)), person(2, 3, (90, 10, 70, 140), 9)))
        settings = Settings(3, layout=path, num_val_images=0)
        make_dataset(tmp_path / 'out', settings, num_workers=1)
        content = json.loads((tmp_path / 'out' / 'annotations' / 'person_keypoints_train.json').read_text())
        assert [image['layout_image_id'] for image in content['images']] == [1, 3, 1]
        assert {(image['width'], image['height']) for image in content['images']} == {(200, 160)}
        assert [row['num_keypoints'] for row in content['annotations']] == [17, 9, 17]

    def test_layout_share(self, tmp_path: Path) -> None:
        """The other images are those that the same seed makes without a layout."""
        path = write_coco(tmp_path, coco_content(person(1, 1, (30, 20, 60, 120)), person(2, 3, (90, 10, 70, 140), 9)))
        settings = Settings(4, size=128, layout=path, layout_share=0.5, num_val_images=0)
        make_dataset(tmp_path / 'out', settings, num_workers=1)
        content = json.loads((tmp_path / 'out' / 'annotations' / 'person_keypoints_train.json').read_text())
        assert [image.get('layout_image_id') for image in content['images']] == [None, 1, None, 3]
        sampled, _ = make_image(0, Settings(4, size=128))
        assert image_path(tmp_path / 'out', 0).read_bytes() == sampled


@pytest.mark.slow
class TestStatistics:
    """What is left once people hide each other."""

    @pytest.mark.parametrize('size', [256, 512])
    def test_like_coco(self, size: int) -> None:
        """Boxes split 51 : 21 : 29 to 5 points, four in five small ones are unlabelled, some images hold a crowd."""
        entries = [make_image(idx, Settings(1000, seed=5, size=size))[1] for idx in range(300)]
        rows = [row for entry in entries for row in entry['annotations']]
        people = [row for row in rows if not row['iscrowd']]
        buckets = np.array([size_bucket(row['bbox'][2] * row['bbox'][3]) for row in people])
        labelled = np.array([row['num_keypoints'] > 0 for row in people])
        np.testing.assert_allclose(np.bincount(buckets) / len(buckets) * 100, (51, 21, 29), atol=5)
        assert labelled[buckets == 0].mean() == pytest.approx(0.2, abs=0.06)
        assert labelled[buckets > 0].mean() > 0.95
        assert 0.02 < np.mean([any(row['iscrowd'] for row in entry['annotations']) for entry in entries]) < 0.14
