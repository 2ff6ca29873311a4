"""A config's test on other data, and checkpoints that do not fit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmpose.evaluation import CocoMetric

from dualcenter_mmpose.experiments.comparison.testing import CompleteWeightsHook, prepare_test, writer_config

SCORED = dict(type='CocoMetric', ann_file='old.json', score_mode='keypoint', nms_thr=0.8, use_area=False, prefix='x')


def make_config():
    loader = dict(num_workers=2, persistent_workers=True, batch_size=1)
    dataset = dict(type='CocoDataset', data_root='r', ann_file='a.json', data_prefix=dict(img='i'), indices=3)
    config = dict(train_dataloader=loader, train_cfg=dict(max_epochs=1), optim_wrapper={}, val_dataloader=loader)
    config.update(val_cfg={}, val_evaluator=SCORED, test_evaluator=SCORED)
    return Config(dict(config, test_dataloader=dict(loader, dataset=dict(dataset, pipeline=[]))))


class TestPrepareTest:
    """Data and evaluator are replaced, images are prepared as before, training and validation go."""

    def test_replaced(self, tmp_path):
        """The whole annotation file, whatever part of its own set the config tests."""
        config = make_config()
        prepare_test(config, '/d/v.json', '/d/images', tmp_path, workers=0)
        dataset = config.test_dataloader.dataset
        assert dict(dataset) == dict(
            type='CocoDataset', data_root='', ann_file='/d/v.json', data_prefix=dict(img='/d/images'), test_mode=True,
            pipeline=[],
        )  # fmt: skip
        assert (config.test_dataloader.num_workers, config.test_dataloader.persistent_workers) == (0, False)
        assert not [key for key in config if key.startswith(('train', 'val', 'optim'))]
        assert config.test_evaluator.outfile_prefix == str(tmp_path / 'results')

    def test_workers_stay(self, tmp_path):
        """The config's own loader processes by default."""
        config = make_config()
        prepare_test(config, 'v.json', 'i', tmp_path, workers=None)
        assert config.test_dataloader.num_workers == 2

    @pytest.mark.parametrize('loader', [None, dict(dataset=dict(type='CombinedDataset', datasets=[]))])
    def test_refused(self, loader, tmp_path):
        """No test, or one of several data sets together."""
        config = Config(dict(test_dataloader=loader))
        with pytest.raises(ValueError, match="dataset has an 'ann_file'"):
            prepare_test(config, 'v.json', 'i', tmp_path, workers=None)


class TestWriterConfig:
    """Scores and suppression are the config's own; all else is ours."""

    @pytest.mark.parametrize(
        'evaluator', [SCORED, [dict(type='BBPBBRMetric'), SCORED], [dict(SCORED, type=CocoMetric)]]
    )
    def test_own(self, evaluator):
        """One metric, one of several, a class in place of a name."""
        found = writer_config(evaluator, 'v.json', Path('f'))
        assert found == dict(
            type='CocoMetric', ann_file='v.json', format_only=True, outfile_prefix='f/results', score_mode='keypoint',
            nms_thr=0.8,
        )  # fmt: skip

    @pytest.mark.parametrize('evaluator', [None, [], dict(type='BBPBBRMetric')])
    def test_none(self, evaluator):
        """Without a CocoMetric: instance scores, and every pose stays."""
        found = writer_config(evaluator, 'v.json', Path('f'))
        assert (found['score_mode'], found['nms_mode']) == ('bbox', 'none')


class TestCompleteWeightsHook:
    """Every tested parameter must come from the checkpoint."""

    def run(self, change):
        model = torch.nn.ModuleDict(dict(head=torch.nn.Linear(2, 1), auxiliary_heads=torch.nn.Linear(2, 1)))
        state = {key: value.clone() for key, value in model.state_dict().items()}
        change(state)
        hook, runner = CompleteWeightsHook(), SimpleNamespace(model=model)
        hook.before_run(runner)
        model.load_state_dict(state, strict=False)
        hook.before_test(runner)

    def test_complete(self):
        """All there; what only training needs may be absent."""
        self.run(lambda state: None)
        self.run(lambda state: [state.pop(key) for key in list(state) if key.startswith('aux')])

    @pytest.mark.parametrize('change', [lambda s: s.pop('head.bias'), lambda s: s['head.bias'].fill_(float('inf'))])
    def test_refused(self, change):
        """One parameter missing, one not finite; the message names it."""
        with pytest.raises(ValueError, match=r'does not fit the config: 1 of 2 parameters .*head\.bias'):
            self.run(change)
