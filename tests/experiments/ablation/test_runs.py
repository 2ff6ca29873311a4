"""One run: trainings in order, skipped where done, refused where they fail."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from dualcenter_mmpose.experiments.ablation import runs
from dualcenter_mmpose.experiments.ablation.plan import TrainingRun
from dualcenter_mmpose.experiments.ablation.runs import (
    RunError,
    finished_checkpoint,
    read_budget,
    test_data,
    thread_limit,
    train_unit,
)
from dualcenter_mmpose.experiments.comparison.runs import Outcome

test_data.__test__ = False  # not a test


def train(paths, folder, load_from):
    """Leave what a real training does."""
    (path,) = paths
    config = path.read_text()
    print('trained', load_from, os.environ.get('OMP_NUM_THREADS', '') if 'threads' in config else '')
    if 'fail' in config:
        sys.exit(3)
    folder.mkdir(exist_ok=True)
    (folder / 'a.pth').touch()
    own = dict(config='c', status='done', run='r', after=None, content={}, checkpoint=str(folder / 'a.pth'))
    (folder / 'stages.json').write_text(json.dumps(dict(stages={'1': own})))


@pytest.fixture(autouse=True)
def fake_training(monkeypatch):
    """A training that leaves what a real one does, in a process that starts at once."""
    monkeypatch.setattr(runs, 'TRAIN', f'{__name__}:train')
    monkeypatch.setenv('DUALCENTER_WITHOUT_REGISTRATION', '1')


class TestTrainUnit:
    """A process of its own for each stage."""

    def test_done_once(self, tmp_path):
        """The checkpoint is returned; the second time nothing is trained."""
        unit = TrainingRun('u', Config(dict(x=1)), None)
        for _ in range(2):
            assert train_unit(unit, tmp_path / 'u', 'before.pth') == str(tmp_path / 'u' / 'train' / 'a.pth')
        assert (tmp_path / 'u' / 'log.txt').read_text() == 'trained before.pth \n'
        assert Config.fromfile(tmp_path / 'u' / 'config.py').x == 1
        assert not list((tmp_path / 'u').glob('.*'))

    def test_checkpoint_gone(self, tmp_path):
        """A training whose checkpoint was removed is not taken for done."""
        unit = TrainingRun('u', Config(dict(x=1)), None)
        checkpoint = Path(train_unit(unit, tmp_path / 'u', None))
        checkpoint.unlink()
        assert finished_checkpoint(checkpoint.parent) is None

    def test_failed(self, tmp_path):
        """The message names the training, its status and its log."""
        with pytest.raises(RunError, match=r'training of u: ended with status 3; log: .*log\.txt'):
            train_unit(TrainingRun('u', Config(dict(fail=True)), None), tmp_path / 'u', None)

    def test_environment(self, tmp_path):
        """Its share of the cores reaches the training."""
        train_unit(TrainingRun('u', Config(dict(threads=1)), None), tmp_path / 'u', None, dict(OMP_NUM_THREADS='3'))
        assert (tmp_path / 'u' / 'log.txt').read_text() == 'trained None 3\n'


class TestDoRun:
    """What is shared is trained once, also by runs side by side."""

    def test_shared_stage(self, tmp_path, monkeypatch):
        """The second run waits for the first stage and goes on from it."""
        record = dict(scores={}, costs={})
        monkeypatch.setattr(runs, 'test_data', lambda config: dict(ann_file='a', images='b'))
        monkeypatch.setattr(runs, 'file_digest', lambda path: '')
        monkeypatch.setattr(runs, 'read_budget', lambda path: dict(seconds=1.0, steps=2))
        monkeypatch.setattr(runs, 'run_entry', lambda entry, *_, **__: Outcome(entry, record))
        first = TrainingRun('first', Config(dict(x=1)), None)
        lasts = [TrainingRun(name, Config(dict(x=2)), first) for name in 'ab']
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda unit: runs.do_run(unit.folder, unit, tmp_path, None, 2), lasts))
        log = (tmp_path / 'units' / 'first' / 'log.txt').read_text()
        assert log.count('trained') == 1
        assert [[stage['steps'] for stage in own['stages']] for own in done] == [[2, 2], [2, 2]]
        assert all({'commit', 'torch', 'date'} <= set(stage) for own in done for stage in own['stages'])
        checkpoint = tmp_path / 'units' / 'first' / 'train' / 'a.pth'
        for name in 'ab':
            assert f'trained {checkpoint}' in (tmp_path / 'units' / name / 'log.txt').read_text()


class TestThreadLimit:
    """Cores are shared among jobs, at least one each."""

    def test_shares(self, monkeypatch):
        monkeypatch.setattr(runs.os, 'sched_getaffinity', lambda pid: set(range(8)), raising=False)
        assert [thread_limit(jobs).get('OMP_NUM_THREADS') for jobs in (1, 2, 3, 20)] == [None, '4', '2', '1']


class TestReadBudget:
    """What a checkpoint says about itself."""

    def test_meta(self, tmp_path):
        torch.save(dict(meta=dict(time_budget=dict(seconds=1.5, steps=7))), tmp_path / 'a.pth')
        assert read_budget(str(tmp_path / 'a.pth')) == dict(seconds=1.5, steps=7)


class TestTestData:
    """The files of a config's own test."""

    def make(self, root):
        dataset = dict(data_root=str(root), ann_file='a.json', data_prefix=dict(img='images'))
        return Config(dict(test_dataloader=dict(dataset=dataset)))

    def test_found(self, tmp_path):
        (tmp_path / 'a.json').write_text(json.dumps({}))
        (tmp_path / 'images').mkdir()
        found = test_data(self.make(tmp_path))
        assert found == dict(ann_file=str(tmp_path / 'a.json'), images=str(tmp_path / 'images'))

    def test_missing(self, tmp_path):
        with pytest.raises(RunError, match=r"ann_file of the test, '.*a\.json', does not exist"):
            test_data(self.make(tmp_path))
