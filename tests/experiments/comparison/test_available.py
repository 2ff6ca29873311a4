"""A comparison on the images that are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dualcenter_mmpose.experiments.comparison.available import take_available
from dualcenter_mmpose.experiments.comparison.entries import Entry
from tests.reference.coco_files import coco_content, person, write_coco


@pytest.fixture
def files(tmp_path):
    """Three annotated images, of which the third is not there; results for all of them."""
    people = [person(i, i, (20, 20, 60, 90)) for i in (1, 2, 3)]
    ann_file = Path(write_coco(tmp_path, coco_content(*people, num_images=3), with_images=True))
    rows = [dict(image_id=i, category_id=1, keypoints=people[i - 1]['keypoints'], score=1) for i in (1, 3)]
    (tmp_path / 'found.json').write_text(json.dumps(rows))
    (tmp_path / '3.png').unlink()
    return tmp_path, ann_file


class TestTakeAvailable:
    """Annotations and results of the same images."""

    def test_taken(self, files):
        """The third image takes no part; models, names and the given files stay."""
        folder, ann_file = files
        before = ann_file.read_text()
        model = Entry('a', config='a.py', checkpoint='a.pth')
        entries = [model, Entry('ann', results=str(folder / 'found.json'))]
        taken, (same, changed) = take_available(ann_file, folder, entries, folder / 'work')
        content = json.loads(taken.read_text())
        assert [image['id'] for image in content['images']] == [1, 2]
        assert [ann['image_id'] for ann in content['annotations']] == [1, 2]
        assert content['categories'] == json.loads(before)['categories']
        assert same == model
        assert changed.name == 'ann'
        assert ann_file.name == 'ann.json'  # the same name is no conflict
        assert [row['image_id'] for row in json.loads(Path(changed.results).read_text())] == [1]
        assert ann_file.read_text() == before

    def test_none(self, files):
        """A wrong folder is named."""
        folder, ann_file = files
        (folder / 'other').mkdir()
        with pytest.raises(ValueError, match=r"none of the 3 images of '.*' is in '.*other'"):
            take_available(ann_file, folder / 'other', [], folder / 'work')
        assert not (folder / 'work').exists()

    def test_bad_results(self, files):
        """Rows of an image that is not annotated at all are refused, not left out."""
        folder, ann_file = files
        (folder / 'found.json').write_text(json.dumps([dict(image_id=9, keypoints=[1, 1, 2] * 17, score=1)]))
        with pytest.raises(ValueError, match='image_id'):
            take_available(ann_file, folder, [Entry('b', results=str(folder / 'found.json'))], folder / 'work')
        assert not (folder / 'work').exists()
