"""The command that makes a small data set; the parts are tested with `coco.subset`."""

import json

import pytest

from dualcenter import main
from tests.reference.coco_files import coco_content, person, write_coco


@pytest.fixture
def source(tmp_path):
    """Three images: the first without a labelled person, the second with two people, the third with one."""
    box = (10, 10, 50, 50)
    people = [
        person(1, 1, box, num_labelled=0),
        person(2, 2, box),
        person(3, 2, box, num_labelled=0),
        person(4, 3, box),
    ]
    (tmp_path / 'large').mkdir()
    return write_coco(tmp_path / 'large', coco_content(*people), with_images=True)


@pytest.fixture
def run_tool(source, tmp_path):
    """The command on the large set; its options follow."""
    return lambda *argv: main(['take-images', source, str(tmp_path / 'few'), *map(str, argv)])


def test_written(run_tool, tmp_path, capsys):
    """As many images as asked for."""
    assert run_tool('--images', 1, '--images-dir', tmp_path / 'large') == 0
    (written,) = (tmp_path / 'few' / 'annotations').iterdir()
    assert [image['id'] for image in json.loads(written.read_text())['images']] == [2]
    assert 'ann.json: 1 images, 2 annotations' in capsys.readouterr().out


@pytest.mark.parametrize(('words', 'message'), [(['--images', 3], 'must be 1 to 2'), (['--images', 1], '--images-dir')])
def test_refusals(words, message, run_tool, tmp_path, capsys):
    """One line, status 2, nothing written."""
    assert run_tool(*words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith('dualcenter take-images: error: ')
    assert message in printed
    assert printed.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['large']


class TestIds:
    """Listed images in place of the first."""

    @pytest.fixture
    def ids(self, tmp_path):
        path = tmp_path / 'ids.json'
        path.write_text('{"about": "words", "train": [3, 1], "val": [2]}')
        return path

    @pytest.fixture
    def take(self, run_tool, tmp_path):
        """Return a function that takes images of the large set into `few` and returns the exit status."""
        return lambda *argv: run_tool('--images-dir', tmp_path / 'large', *argv)

    @staticmethod
    def read_ids(folder):
        """Return the ids of the images of each annotation file."""
        return {
            path.name: [image['id'] for image in json.loads(path.read_text())['images']]
            for path in (folder / 'annotations').iterdir()
        }

    def test_all_splits(self, take, ids, tmp_path):
        """A folder with an annotation file a split, in the order of the large file, and the images of all."""
        assert take('--ids', ids) == 0
        expected = {'person_keypoints_train.json': [1, 3], 'person_keypoints_val.json': [2]}
        assert self.read_ids(tmp_path / 'few') == expected
        assert sorted(path.name for path in (tmp_path / 'few' / 'images').iterdir()) == ['1.png', '2.png', '3.png']
        val = json.loads((tmp_path / 'few' / 'annotations' / 'person_keypoints_val.json').read_text())
        assert [ann['id'] for ann in val['annotations']] == [2, 3]

    def test_one_split(self, take, ids, tmp_path):
        """Only its annotations and its images, those without a labelled person, too."""
        assert take('--ids', ids, '--split', 'train') == 0
        assert self.read_ids(tmp_path / 'few') == {'person_keypoints_train.json': [1, 3]}
        assert sorted(path.name for path in (tmp_path / 'few' / 'images').iterdir()) == ['1.png', '3.png']

    def test_without_splits(self, take, ids, tmp_path):
        """The annotation file keeps its name."""
        ids.write_text('3\n2\n')
        assert take('--ids', ids) == 0
        assert self.read_ids(tmp_path / 'few') == {'ann.json': [2, 3]}

    @pytest.mark.parametrize(
        ('words', 'told'),
        [
            (['--ids', 'IDS', '--split', 'test'], 'splits train, val'),
            (['--split', 'train'], 'give both'),
            (['--ids', 'nowhere.json'], 'nowhere.json'),
        ],
    )
    def test_refused(self, take, ids, tmp_path, capsys, words, told):
        """A split that is not there, one without a list, a list that is not there: nothing is written."""
        assert take(*(ids if word == 'IDS' else word for word in words)) == 2
        assert told in capsys.readouterr().err
        assert not (tmp_path / 'few').exists()

    def test_missing_ids(self, take, ids, tmp_path, capsys):
        """Ids that the annotation file lacks are named."""
        ids.write_text('[2, 77, 78]')
        assert take('--ids', ids) == 2
        assert '77, 78' in capsys.readouterr().err
        assert not (tmp_path / 'few').exists()

    def test_number_or_list(self, take, ids, capsys):
        """Not both."""
        assert take('--ids', ids, '--images', 16) == 2
        assert 'not allowed with' in capsys.readouterr().err
