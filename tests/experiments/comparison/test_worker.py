"""The process of an entry: its record, or why there is none."""

from __future__ import annotations

import importlib
import json

import pytest

from dualcenter_mmpose.coco.file_checks import AnnotationError
from dualcenter_mmpose.experiments.comparison import worker
from tests.reference.coco_files import coco_content, person, write_coco


@pytest.fixture
def job(tmp_path):
    """The job of a results file with one pose."""
    pose = person(1, 1, (20, 20, 60, 90))
    ann_file = write_coco(tmp_path, coco_content(pose))
    (tmp_path / 'r.json').write_text(
        json.dumps([dict(image_id=1, category_id=1, keypoints=pose['keypoints'], score=1)])
    )
    entry = dict(name='a', results=str(tmp_path / 'r.json'))
    return dict(entry=entry, fingerprint='f', folder=str(tmp_path), ann_file=ann_file)


def test_results(job, tmp_path):
    """A record with the fingerprint and the numbers, and no costs."""
    worker.work(job)
    record = json.loads((tmp_path / 'record.json').read_text())
    assert (record['fingerprint'], record['costs']) == ('f', None)
    assert record['scores']['keypoints']['AP'] == pytest.approx(100)


def test_failure(job, tmp_path):
    """The error is raised for whoever runs the process, and no record is left."""
    (tmp_path / 'r.json').write_text('[{"image_id": 7}]')
    with pytest.raises(AnnotationError):
        worker.work(job)
    assert not (tmp_path / 'record.json').exists()


def test_can_be_found():
    """The name under which processes look for the function is its own."""
    module, _, name = worker.WORK.partition(':')
    assert getattr(importlib.import_module(module), name) is worker.work
