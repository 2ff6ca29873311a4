from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dualcenter_mmpose.coco.annotation_checks import AnnotationError
from dualcenter_mmpose.synthetic.layout_file import read_layout
from tests.reference.coco_files import coco_content, person, write_coco

CROWD = person(9, 2, (0, 0, 50, 40), 0, iscrowd=1)


def read(folder: Path, *annotations: dict[str, Any]) -> list:
    return read_layout(write_coco(folder, coco_content(*annotations)))


class TestReadLayout:
    """People with boxes, labelled or not."""

    def test_people(self, tmp_path: Path) -> None:
        """Images without people are left out, crowds are kept apart, boxes become corners."""
        images = read(tmp_path, person(1, 2, (10, 20, 30, 40)), person(2, 2, (5, 5, 9, 9), 0), CROWD)
        (image,) = images
        assert (image.image_id, image.width, image.height) == (2, 200, 160)
        assert [one.box.tolist() for one in image.persons] == [[10, 20, 40, 60], [5, 5, 14, 14]]
        assert image.crowds[0].tolist() == [0, 0, 50, 40]
        assert (image.persons[0].keypoints[:, 2] > 0).all()
        assert not image.persons[1].keypoints.any()

    def test_missing_keypoints(self, tmp_path: Path) -> None:
        """A person without the key counts as unlabelled; what is not labelled has no place."""
        bare = person(1, 1, (10, 20, 30, 40))
        odd = person(2, 1, (10, 20, 30, 40))
        odd['keypoints'][:3] = [7, 7, 0]
        del bare['keypoints']
        (image,) = read(tmp_path, bare, odd)
        assert not image.persons[0].keypoints.any()
        assert image.persons[1].keypoints[0].tolist() == [0, 0, 0]

    def test_box_without_extent(self, tmp_path: Path) -> None:
        """A person of no width is left out."""
        (image,) = read(tmp_path, person(1, 1, (10, 20, 0, 40)), person(2, 1, (10, 20, 30, 40)))
        assert len(image.persons) == 1


class TestBadLayouts:
    """Each fault is named with its file."""

    def test_missing(self, tmp_path: Path) -> None:
        """No file."""
        with pytest.raises(AnnotationError, match=r'none\.json.* does not exist'):
            read_layout(tmp_path / 'none.json')

    @pytest.mark.parametrize('content', ['', '{"images": [', 'GIF89a'])
    def test_broken(self, tmp_path: Path, content: str) -> None:
        """Empty, cut off, something else."""
        (tmp_path / 'ann.json').write_text(content)
        with pytest.raises(AnnotationError, match=r'ann\.json.* truncated or not JSON'):
            read_layout(tmp_path / 'ann.json')

    def test_nobody(self, tmp_path: Path) -> None:
        """Only a crowd."""
        with pytest.raises(AnnotationError, match='holds no person'):
            read(tmp_path, CROWD)

    def test_other_joints(self, tmp_path: Path) -> None:
        """17 joints of other names, or 3 joints."""
        content = coco_content(person(1, 1, (10, 20, 30, 40)))
        content['categories'][0]['keypoints'][0] = 'head_top'
        with pytest.raises(AnnotationError, match='head_top'):
            read_layout(write_coco(tmp_path, content))
        content['categories'][0]['keypoints'] = ['nose', 'left_hip', 'right_hip']
        with pytest.raises(AnnotationError, match='names 3 keypoints'):
            read_layout(write_coco(tmp_path, content))

    def test_values(self, tmp_path: Path) -> None:
        """NaN keypoints, negative boxes, unknown images, images of no size that can be drawn."""
        bad = person(4, 1, (10, 20, 30, 40))
        bad['keypoints'][4] = float('nan')
        with pytest.raises(AnnotationError, match="'keypoints' must be finite.*id 4"):
            read(tmp_path, bad)
        with pytest.raises(AnnotationError, match='w and h not negative.*id 5'):
            read(tmp_path, person(5, 1, (10, 20, -3, 40)))
        with pytest.raises(AnnotationError, match='image_id is not in the file.*id 6: 77'):
            read(tmp_path, person(6, 77, (10, 20, 30, 40)))
        content = coco_content(person(1, 1, (10, 20, 30, 40)))
        content['images'][0]['width'] = 20
        with pytest.raises(AnnotationError, match='id 1: 20 x 160'):
            read_layout(write_coco(tmp_path, content))

    def test_arguments_stay(self, tmp_path: Path) -> None:
        """Reading twice gives the same, and the file is not touched."""
        path = write_coco(tmp_path, coco_content(person(1, 1, (10, 20, 30, 40))))
        before = Path(path).read_bytes()
        one, two = read_layout(path), read_layout(path)
        np.testing.assert_array_equal(one[0].persons[0].keypoints, two[0].persons[0].keypoints)
        assert Path(path).read_bytes() == before
