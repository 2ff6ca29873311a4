"""A few images of a large data set, with everything that belongs to them and nothing else."""

import json
from pathlib import Path

import pytest

from dualcenter_mmpose.cli import take_images as tool
from tests.reference.coco_files import coco_content, person, write_coco


def run_tool(monkeypatch, *words):
    monkeypatch.setattr('sys.argv', ['take_images.py', *map(str, words)])
    return tool.main()


@pytest.fixture
def source(tmp_path):
    """Three images: the first without a labelled person, the second with two people, the third with one."""
    people = [
        person(1, 1, (10, 10, 50, 50), num_labelled=0),
        person(2, 2, (10, 10, 50, 50)),
        person(3, 2, (70, 10, 50, 50), num_labelled=0),
        person(4, 3, (10, 10, 50, 50)),
    ]
    folder = tmp_path / 'large'
    folder.mkdir()
    return write_coco(folder, coco_content(*people), with_images=True)


def test_takes_the_first_with_labels(source, tmp_path, monkeypatch):
    """Image 1 teaches no pose; of image 2 the unlabelled person comes along, as it must be masked."""
    out = tmp_path / 'few'
    assert run_tool(monkeypatch, source, out, '--images', 1, '--images-dir', tmp_path / 'large') == 0
    written = json.loads(next((out / 'annotations').iterdir()).read_text())
    assert [image['id'] for image in written['images']] == [2]
    assert [ann['id'] for ann in written['annotations']] == [2, 3]
    assert written['categories'] == json.loads(Path(source).read_text())['categories']
    assert [path.name for path in (out / 'images').iterdir()] == [written['images'][0]['file_name']]


@pytest.mark.parametrize('number', [0, 3])
def test_too_many_or_none(source, tmp_path, monkeypatch, capsys, number):
    """Two images have a labelled person."""
    assert run_tool(monkeypatch, source, tmp_path / 'few', '--images', number) == 2
    assert 'must be 1 to 2' in capsys.readouterr().err
    assert not (tmp_path / 'few').exists()


def test_missing_image_leaves_nothing(source, tmp_path, monkeypatch, capsys):
    """Everything is checked before anything is written."""
    assert run_tool(monkeypatch, source, tmp_path / 'few', '--images', 1, '--images-dir', tmp_path) == 2
    assert '--images-dir' in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ['large']


def test_keeps_what_exists(source, tmp_path, monkeypatch, capsys):
    """A folder that exists is not touched."""
    (tmp_path / 'few').mkdir()
    assert run_tool(monkeypatch, source, tmp_path / 'few', '--images', 1, '--images-dir', tmp_path / 'large') == 2
    assert 'exists already' in capsys.readouterr().err
    assert not list((tmp_path / 'few').iterdir())


def test_not_coco(tmp_path, monkeypatch, capsys):
    """The file is named."""
    path = tmp_path / 'other.json'
    path.write_text('{}')
    assert run_tool(monkeypatch, path, tmp_path / 'few') == 2
    assert 'other.json' in capsys.readouterr().err


class TestIds:
    """Listed images in place of the first."""

    @pytest.fixture
    def ids(self, tmp_path):
        path = tmp_path / 'ids.json'
        path.write_text('{"about": "words", "train": [3, 1], "val": [2]}')
        return path

    @pytest.fixture
    def take(self, source, tmp_path, monkeypatch):
        """Return a function that takes images of the large set into `few` and returns the exit status."""
        return lambda *words: run_tool(
            monkeypatch, source, tmp_path / 'few', '--images-dir', tmp_path / 'large', *words
        )

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
        with pytest.raises(SystemExit):
            take('--ids', ids, '--images', 16)
        assert 'not allowed with' in capsys.readouterr().err
