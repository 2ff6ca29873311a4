"""A few images of a large data set, with everything that belongs to them and nothing else."""

import json
from pathlib import Path

import pytest

from dualcenter_mmpose.coco import subset
from dualcenter_mmpose.coco.file_checks import AnnotationError
from dualcenter_mmpose.coco.image_ids import pick_images
from tests.reference.coco_files import coco_content, person, write_coco

BOX = (10, 10, 50, 50)


@pytest.fixture
def content():
    """Three images: the first without a labelled person, the second with two people, the third with one."""
    people = [
        person(1, 1, BOX, num_labelled=0),
        person(2, 2, BOX),
        person(3, 2, BOX, num_labelled=0),
        person(4, 3, BOX),
    ]
    return coco_content(*people)


class TestLabelled:
    """Images that can supervise a pose."""

    def test_ids(self, content):
        """Image 1 has nobody with a keypoint."""
        assert subset.labelled_image_ids(content) == [2, 3]

    def test_crowds_do_not_count(self, content):
        """A crowd's keypoints are nobody's."""
        content['annotations'][3]['iscrowd'] = 1
        assert subset.labelled_image_ids(content) == [2]

    def test_first(self, content):
        """In the order of the file."""
        content['images'].reverse()
        assert subset.first_labelled(content, 1) == [3]

    @pytest.mark.parametrize('number', [0, 3])
    def test_too_many_or_none(self, content, number):
        """Two images have a labelled person."""
        with pytest.raises(ValueError, match=f'must be 1 to 2.*got {number}'):
            subset.first_labelled(content, number)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('2', {'ann.json': [2]}),
        ('{"train": [3, 1], "val": [2]}', {'person_keypoints_train.json': [1, 3], 'person_keypoints_val.json': [2]}),
    ],
)
def test_take_listed(text, expected, content, tmp_path):
    """A file name a split, or that of the annotation file."""
    (tmp_path / 'ids').write_text(text)
    taken = subset.take_listed(content, tmp_path / 'ids', None, 'ann.json')
    assert {name: [image['id'] for image in part['images']] for name, part in taken.items()} == expected


class TestReadContent:
    """Any JSON file may be given."""

    def test_good(self, content, tmp_path):
        """As it is."""
        assert subset.read_content(Path(write_coco(tmp_path, content))) == content

    @pytest.mark.parametrize('text', ['{}', '[]', '{"images": [], "annotations": {}}'])
    def test_not_coco(self, text, tmp_path):
        """The file and what it lacks are named."""
        path = tmp_path / 'other.json'
        path.write_text(text)
        with pytest.raises(AnnotationError, match=r"other\.json' has no list '(images|annotations)'"):
            subset.read_content(path)


class TestWriteSubset:
    """The whole folder or nothing."""

    @pytest.fixture
    def images(self, content, tmp_path):
        folder = tmp_path / 'large'
        folder.mkdir()
        write_coco(folder, content, with_images=True)
        return folder

    def test_written(self, content, images, tmp_path):
        """Annotations under their name, and the images that they name."""
        taken = pick_images(content, [3])
        subset.write_subset({'few.json': taken}, images, tmp_path / 'few')
        assert json.loads((tmp_path / 'few' / 'annotations' / 'few.json').read_text()) == taken
        copied = [path.name for path in (tmp_path / 'few' / 'images').iterdir()]
        assert copied == [taken['images'][0]['file_name']]

    def test_missing_image(self, content, tmp_path):
        """Everything is looked at before anything is written."""
        with pytest.raises(FileNotFoundError, match='give --images-dir'):
            subset.write_subset({'few.json': content}, tmp_path, tmp_path / 'few')
        assert not list(tmp_path.iterdir())

    def test_existing_folder(self, content, images, tmp_path):
        """A folder that exists is not touched."""
        (tmp_path / 'few').mkdir()
        with pytest.raises(FileExistsError, match='exists already'):
            subset.write_subset({'few.json': content}, images, tmp_path / 'few')
        assert not list((tmp_path / 'few').iterdir())
