"""The command that makes a small data set; the parts are tested with `coco.subset`."""

import json

import pytest

from dualcenter import main
from tests.reference.coco_files import coco_content, person, write_coco


@pytest.fixture
def run_tool(tmp_path):
    """The command on two images with a labelled person each; its options follow."""
    folder = tmp_path / 'large'
    folder.mkdir()
    ann = write_coco(folder, coco_content(person(1, 1, (9, 9, 50, 50)), person(2, 2, (9, 9, 50, 50))), with_images=True)
    return lambda *words: main(['take-images', ann, str(tmp_path / 'few'), *map(str, words)])


def test_written(run_tool, tmp_path, capsys):
    """As many images as asked for."""
    assert run_tool('--images', 1, '--images-dir', tmp_path / 'large') == 0
    (written,) = (tmp_path / 'few' / 'annotations').iterdir()
    assert [image['id'] for image in json.loads(written.read_text())['images']] == [1]
    assert 'ann.json: 1 images, 1 annotations' in capsys.readouterr().out


@pytest.mark.parametrize(('words', 'message'), [(['--images', 3], 'must be 1 to 2'), (['--images', 1], '--images-dir')])
def test_refusals(words, message, run_tool, tmp_path, capsys):
    """One line, status 2, nothing written."""
    assert run_tool(*words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith('dualcenter take-images: error: ')
    assert message in printed
    assert printed.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['large']
