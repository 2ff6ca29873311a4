"""The process of an entry: its record, or why there is none."""

from __future__ import annotations

import json

import pytest

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
    content = dict(entry=entry, fingerprint='f', folder=str(tmp_path), ann_file=ann_file)
    (tmp_path / 'job.json').write_text(json.dumps(content))
    return tmp_path


def test_results(job, monkeypatch):
    """A record with the fingerprint and the numbers, and no costs."""
    monkeypatch.setattr('sys.argv', ['worker', str(job / 'job.json')])
    assert worker.main() == 0
    record = json.loads((job / 'record.json').read_text())
    assert (record['fingerprint'], record['costs']) == ('f', None)
    assert record['scores']['keypoints']['AP'] == pytest.approx(100)


def test_failure(job, monkeypatch, capsys):
    """One line for people, the traceback for the log, no record."""
    (job / 'r.json').write_text('[{"image_id": 7}]')
    monkeypatch.setattr('sys.argv', ['worker', str(job / 'job.json')])
    assert worker.main() == 1
    text = (job / 'error.txt').read_text()
    assert text.count('\n') == 1
    assert text.startswith('AnnotationError: ')
    assert 'Traceback' in capsys.readouterr().err
    assert not (job / 'record.json').exists()
