"""The loader benchmark on a few small pictures."""

import json
import os
from pathlib import Path

import cv2
import pytest
import torch

from benchmarks import loader


@pytest.fixture
def pictures(monkeypatch, tmp_path):
    """Four synthetic pictures of 96 px."""
    monkeypatch.delenv(loader.SOURCE_VARIABLE, raising=False)
    monkeypatch.setattr(loader, 'IMAGES', 4)
    monkeypatch.setattr(loader, 'LONG_SIDE', 96)
    monkeypatch.setattr(loader.tempfile, 'gettempdir', lambda: str(tmp_path))
    return loader.find_pictures()


def ids_of(dataset):
    return [dataset.get_data_info(idx)['img_id'] for idx in range(len(dataset))]


def test_methods(pictures):
    """Three data sets of the same images; ours at the baseline's size, and at twice that."""
    with loader._as_in_training():
        datasets, name = loader.make_datasets(pictures)
    baseline, one_level, three_levels = datasets.values()
    assert ids_of(baseline) == ids_of(one_level) == ids_of(three_levels)
    assert len(baseline) > 1
    assert name.startswith(f'{len(baseline)} (synthetic people, 96 px')
    shapes = [tuple(dataset[0]['inputs'].shape) for dataset in datasets.values()]
    assert shapes == [(3, 512, 512), (3, 512, 512), (3, 1024, 1024)]
    assert 'heatmaps' in baseline[0]['data_samples'].gt_fields
    assert 'keypoints' in one_level[0]['data_samples'].gt_instance_labels


def test_images_that_fail_are_left_out(pictures, tmp_path):
    """The baseline dies of an empty outline of an unlabelled person; nobody gets that image, and the name says so."""
    content = json.loads(Path(pictures.ann_file).read_text())
    with loader._as_in_training():
        before = ids_of(loader.make_datasets(pictures)[0]["mmpose's DEKR"])
    bad = dict(content['annotations'][0], id=10**6, image_id=before[0], keypoints=[0] * 51, num_keypoints=0)
    content['annotations'].append(dict(bad, segmentation=[[]]))
    ann_file = tmp_path / 'bad.json'
    ann_file.write_text(json.dumps(content))
    with loader._as_in_training():
        datasets, name = loader.make_datasets(loader.Pictures(str(ann_file), pictures.folder, 'these'))
    assert [ids_of(dataset) for dataset in datasets.values()] == [before[1:]] * 3
    assert name.endswith('without 1 that mmpose cannot prepare)')


def test_named_pictures(monkeypatch, tmp_path):
    """Two paths in the variable; one, or one that is not there, is refused."""
    ann_file = tmp_path / 'ann.json'
    ann_file.touch()
    monkeypatch.setenv(loader.SOURCE_VARIABLE, f'{ann_file}{os.pathsep}{tmp_path}')
    assert loader.find_pictures() == loader.Pictures(str(ann_file), str(tmp_path), loader.SOURCE_VARIABLE)
    monkeypatch.setenv(loader.SOURCE_VARIABLE, str(ann_file))
    with pytest.raises(ValueError, match="must be 'ANN.json"):
        loader.find_pictures()
    monkeypatch.setenv(loader.SOURCE_VARIABLE, f'{ann_file}{os.pathsep}{tmp_path / "nowhere"}')
    with pytest.raises(FileNotFoundError, match='nowhere'):
        loader.find_pictures()


def test_threads():
    """One thread each inside, as in a worker; afterwards OpenCV and PyTorch have theirs back."""
    before = cv2.getNumThreads(), torch.get_num_threads()
    try:
        cv2.setNumThreads(2)
        torch.set_num_threads(2)
        with loader._as_in_training():
            assert (cv2.getNumThreads(), torch.get_num_threads()) == (1, 1)
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (2, 2)
    finally:
        cv2.setNumThreads(before[0])
        torch.set_num_threads(before[1])


@pytest.mark.slow
def test_tables(pictures):
    """Milliseconds per image, by workers and here."""
    tables = loader.run('cpu', repeats=1)
    assert [title.rsplit(', ', 1)[1] for title in tables] == ['2 workers', 'in this process']
    for rows in tables.values():
        assert rows[0].name == "mmpose's DEKR"
        assert all(row.median > 0 for row in rows)
