"""A budget ends a training inside an epoch, cleanly, and goes on counting when the training is resumed."""

from __future__ import annotations

import time
from typing import ClassVar

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from dualcenter_mmpose.engine.time_budget_hook import CHECKPOINT, META_KEY, TimeBudgetHook


class TinyModel(BaseModel):
    """Counts its training steps, each of which takes a while."""

    def __init__(self, seconds=0.0):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.register_buffer('steps', torch.zeros((), dtype=torch.int64))
        self.seconds = seconds

    def forward(self, batch, mode='tensor'):
        time.sleep(self.seconds)
        self.steps += 1
        return dict(loss=self.layer(batch).mean())


class Numbers(list):
    """Five samples: five steps an epoch."""

    metainfo: ClassVar = dict(dataset_name='numbers')


def train(folder, hook, epochs=3, by_epoch=True, seconds=0.0, resume=False):
    """Return the runner after a training of some epochs of five steps."""
    model = TinyModel(seconds)
    loader = dict(batch_size=1, sampler=dict(type='DefaultSampler', shuffle=True), num_workers=0)
    length = dict(max_epochs=epochs) if by_epoch else dict(max_iters=5 * epochs)
    runner = Runner(
        model=model,
        work_dir=str(folder),
        train_dataloader=dict(loader, dataset=Numbers(torch.ones(5, 1))),
        train_cfg=dict(by_epoch=by_epoch, **length),
        optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01)),
        custom_hooks=[hook],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=by_epoch)),
        resume=resume,
        experiment_name=f'{folder.name}-{time.time_ns()}',
    )
    runner.train()
    return runner


def load(folder, name=CHECKPOINT):
    return torch.load(folder / name, weights_only=True)


class TestSteps:
    """As many steps as told, whatever the epochs."""

    @pytest.mark.parametrize(('by_epoch', 'steps'), [(True, 7), (False, 4)])
    def test_inside_an_epoch(self, by_epoch, steps, tmp_path):
        """Seven steps are one epoch and two steps; the weights of the last are saved, and noted as the last."""
        runner = train(tmp_path, TimeBudgetHook(steps=steps), by_epoch=by_epoch)
        assert runner.model.steps == runner.iter == steps
        saved = load(tmp_path)
        assert saved['state_dict']['steps'] == steps
        assert saved['meta'][META_KEY]['steps'] == steps
        assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/{CHECKPOINT}'

    def test_no_budget(self, tmp_path):
        """Without a budget the schedule ends the training, and checkpoints say how long it took."""
        runner = train(tmp_path, TimeBudgetHook())
        assert runner.model.steps == 15
        assert not (tmp_path / CHECKPOINT).exists()
        meta = load(tmp_path, 'epoch_3.pth')['meta'][META_KEY]
        assert meta['steps'] == 15
        assert meta['seconds'] > 0

    def test_large_budget(self, tmp_path):
        """A budget that is not spent changes nothing."""
        assert train(tmp_path, TimeBudgetHook(steps=16)).model.steps == 15
        assert not (tmp_path / CHECKPOINT).exists()


class TestMinutes:
    """Wall clock of the training steps."""

    def test_ends(self, tmp_path):
        """Steps of 20 ms and a budget of 50 ms: the third step is the last, or one before it."""
        runner = train(tmp_path, TimeBudgetHook(minutes=0.05 / 60), seconds=0.02)
        assert 1 <= runner.model.steps <= 3
        assert load(tmp_path)['meta'][META_KEY]['seconds'] >= 0.05

    def test_resumed(self, tmp_path):
        """What was spent before counts: a finished budget is not trained any further."""
        train(tmp_path, TimeBudgetHook(minutes=0.05 / 60), seconds=0.02)
        before = load(tmp_path)
        runner = train(tmp_path, TimeBudgetHook(minutes=0.05 / 60), seconds=0.02, resume=True)
        assert runner.model.steps == before['state_dict']['steps']
        hook = TimeBudgetHook(minutes=60)
        train(tmp_path, hook, seconds=0.0, resume=True)
        assert hook.seconds > before['meta'][META_KEY]['seconds']


@pytest.mark.parametrize('budget', [dict(minutes=0), dict(steps=-1)])
def test_not_positive(budget):
    """A budget of nothing is a mistake."""
    with pytest.raises(ValueError, match='must be positive'):
        TimeBudgetHook(**budget)
