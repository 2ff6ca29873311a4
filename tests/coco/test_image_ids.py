"""Lists of image ids, and what belongs to them."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from dualcenter_mmpose.coco import image_ids
from dualcenter_mmpose.coco.image_ids import pick_images, read_image_ids
from tests.reference.coco_files import coco_content, person

COCO_CC = Path(image_ids.__file__).with_name('coco_cc_ids.json')


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / 'ids'
        path.write_text(text)
        return path

    return write


class TestReadImageIds:
    """Three forms of a list."""

    @pytest.mark.parametrize('text', ['[7, 3]', '7\n3\n', '\n7\n\n 3', '{"train": [7, 3]}'])
    def test_forms(self, write, text):
        """JSON, lines, a split: ids in their order."""
        assert list(read_image_ids(write(text)).values()) == [[7, 3]]

    def test_one_line(self, write):
        """A text with a single id is no JSON number."""
        assert read_image_ids(write('12')) == {'': [12]}

    def test_splits(self, write):
        """All of them or the one that is asked for; notes are no splits."""
        path = write('{"about": ["words"], "version": 3, "train": [1, 2], "val": [3]}')
        assert read_image_ids(path) == {'train': [1, 2], 'val': [3]}
        assert read_image_ids(path, 'val') == {'val': [3]}

    @pytest.mark.parametrize('text', ['', '[]', '{}', '{"train": []}', '["7"]', '[1.5]', '[true]', '[1, 2', '7\nb.jpg'])
    def test_refused(self, write, text):
        """Nothing, or what is no id, or broken: the file is named, and what it may be."""
        with pytest.raises(ValueError, match=r'ids.*expected a JSON list of ids'):
            read_image_ids(write(text))

    @pytest.mark.parametrize(('text', 'has'), [('{"a": [1], "b": [2]}', 'the splits a, b'), ('[1]', 'no splits')])
    def test_split_is_not_there(self, write, text, has):
        """The message says what there is."""
        with pytest.raises(ValueError, match=f'--split val is not in .*, which has {has}'):
            read_image_ids(write(text), 'val')


class TestPickImages:
    """What belongs to the ids and nothing else."""

    def test_order_of_the_file(self):
        """Images and annotations keep the file's order, whatever the order of the ids; the file's content stays."""
        content = coco_content(*(person(10 - i, i, (0, 0, 9, 9)) for i in (3, 1, 2, 1)), num_images=4)
        content['images'].reverse()
        before = copy.deepcopy(content)
        picked = pick_images(content, [1, 3, 1, 4])
        assert [image['id'] for image in picked['images']] == [4, 3, 1]
        assert [ann['id'] for ann in picked['annotations']] == [7, 9, 9]
        assert picked['categories'] == content['categories']
        assert content == before

    def test_missing_are_named(self):
        """How many of how many, and which."""
        with pytest.raises(ValueError, match=r'^2 of 3 ids are not in the annotation file: 5, 9$'):
            pick_images(coco_content(), [9, 1, 5, 9])

    def test_many_missing(self):
        """Ten are named, the rest is counted."""
        with pytest.raises(ValueError, match=r'12 of 12 ids .*: 11, .*, 20 and 2 more$'):
            pick_images(coco_content(), range(11, 23))


class TestCocoCc:
    """The list of coco_cc."""

    def test_numbers(self):
        """426 and 120 images, none in both, with where they come from and what they are not."""
        splits = read_image_ids(COCO_CC)
        assert {name: len(set(ids)) for name, ids in splits.items()} == {'train': 426, 'val': 120}
        assert not set(splits['train']) & set(splits['val'])
        about = ' '.join(json.loads(COCO_CC.read_text())['about'])
        for told in ('val2017', 'licence ids 4, 5 and 7', 'CC BY 4.0', 'area_exact: false', 'not the COCO protocol'):
            assert told in about

    @pytest.mark.parametrize('split', ['train', 'val'])
    def test_is_the_data_set(self, coco_cc, split):
        """Exactly the images of the data set, all of them under one of the three licences."""
        content = json.loads((coco_cc / 'annotations' / f'person_keypoints_{split}.json').read_text())
        assert {image['id'] for image in content['images']} == set(read_image_ids(COCO_CC)[split])
        assert {image['license'] for image in content['images']} <= {4, 5, 7}
