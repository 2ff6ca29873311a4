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
