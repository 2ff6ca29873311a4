"""``ChannelsLastHook`` changes the layout of a model and nothing else, whatever else happens to the model."""

from __future__ import annotations

import os
import warnings
import weakref
from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import BaseModel, MMFullyShardedDataParallel
from torch import nn

from dualcenter_mmpose.engine import ChannelsLastHook
from dualcenter_mmpose.engine.channels_last_hook import LAYOUT, has_layout
from dualcenter_mmpose.models.pose_estimators import MultiScaleDistributedDataParallel
from tests.engine.tiny_training import (
    SIZE,
    Bfloat16OptimWrapper,
    make_runner,
    quick_model,
    sgd,
    train_steps,
    training_batch,
)

HOOK = dict(type='ChannelsLastHook')
AVERAGE = dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.3)


def converted(model):
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    return model


def test_layout_reaches_weights_and_activations():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3))
    images = torch.rand(2, 3, 16, 12)
    before = model(images)
    assert not has_layout(model)
    after = converted(model)(images)
    assert has_layout(model)
    assert not before.is_contiguous(memory_format=LAYOUT)
    assert after.is_contiguous(memory_format=LAYOUT)
    torch.testing.assert_close(after, before)


class TestOneProcess:
    """Training, weights from elsewhere, copies."""

    def test_training(self):
        """The steps are those of the usual layout."""
        model, plain = converted(quick_model()), quick_model()
        assert train_steps(model) == pytest.approx(train_steps(plain), rel=1e-5)
        assert has_layout(model)

    def test_mixed_precision(self):
        """Under autocast the features come with channels innermost, too."""
        model = converted(quick_model(scales=(1.0,)))
        optimizer = Bfloat16OptimWrapper(sgd(model).optimizer)
        assert torch.tensor(train_steps(model, 2, optimizer)).isfinite().all()
        with optimizer.optim_context(model):
            feats = model.extract_feat(torch.rand(2, 3, SIZE, SIZE))
        assert feats[0].dtype == torch.bfloat16
        assert feats[0].is_contiguous(memory_format=LAYOUT)

    def test_weights_of_either_layout(self):
        """Loaded weights take the layout of the model that loads them, either way."""
        model, plain = converted(quick_model()), quick_model()
        train_steps(plain, 1)
        model.load_state_dict(plain.state_dict())
        assert has_layout(model)
        train_steps(model, 1)
        plain.load_state_dict(model.state_dict())
        assert plain.backbone.conv2.weight.is_contiguous()
        assert torch.equal(plain.backbone.conv2.weight, model.backbone.conv2.weight)

    def test_copy(self):
        """A copy has the layout of the original."""
        assert has_layout(deepcopy(converted(quick_model())))


class TestRunner:
    """Through mmengine's runner, with an average of the weights."""

    def averages(self, runner):
        optimizer = runner.optim_wrapper.optimizer
        return [(p, state['exp_avg']) for p, state in optimizer.state.items() if p.dim() == 4]

    def test_resume(self, tmp_path):
        """A run of the usual layout goes on in this one: weights, their average and the optimizer's averages."""
        first = make_runner(tmp_path / 'first', [AVERAGE], max_epochs=1)
        first.train()
        checkpoint = str(tmp_path / 'first' / 'epoch_1.pth')
        runner = make_runner(tmp_path / 'then', [AVERAGE, HOOK], load_from=checkpoint, resume=True)
        runner.train()
        assert has_layout(runner.model)
        average = next(hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook').ema_model
        assert has_layout(average)
        assert all(value.stride() == weight.stride() for weight, value in self.averages(runner))
        plain = make_runner(tmp_path / 'plain', [AVERAGE], load_from=checkpoint, resume=True)
        plain.train()
        for one, other in zip(runner.model.parameters(), plain.model.parameters()):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
        for (_, one), (_, other) in zip(self.averages(runner), self.averages(plain)):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


class OneConvolution(BaseModel):
    """The least model that can be wrapped."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, inputs, data_samples=None, mode='loss'):
        return dict(loss=self.conv(inputs).square().mean())


def run_rank(rank, port, folder):
    """Take a step of a wrapped model on one of two processes in either layout; keep what came out."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE='2')
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=2)
    found = {}
    for name in ('plain', 'converted'):
        model = quick_model()
        runner = SimpleNamespace(
            model=MultiScaleDistributedDataParallel(module=model, broadcast_buffers=False),
            wrap_model=lambda cfg, model: MultiScaleDistributedDataParallel(module=model, **cfg),
            cfg=dict(model_wrapper_cfg=dict(broadcast_buffers=False)),
        )
        first = weakref.ref(runner.model)
        if name == 'converted':
            ChannelsLastHook().before_run(runner)
            second = runner.model
            ChannelsLastHook().before_run(runner)
            assert runner.model is second  # once is enough
            assert first() is None
        optimizer = sgd(model)
        optimizer.zero_grad = lambda: None  # the step leaves its gradients
        batch = training_batch(model, num_images=4)
        with warnings.catch_warnings():
            warnings.filterwarnings('error', message='Grad strides')
            runner.model.train_step({key: value[2 * rank : 2 * rank + 2] for key, value in batch.items()}, optimizer)
        found[name] = [parameter.grad for parameter in model.parameters()]
    torch.save(found, f'{folder}/rank{rank}.pth')
    dist.destroy_process_group()


class TestWrapped:
    """Models that are wrapped before any hook is called."""

    def test_gradients_of_the_first_step(self, tmp_path):
        """Two processes: they are those of the usual layout, each number in its place."""
        port = 31500 + os.getpid() % 1000
        mp.start_processes(run_rank, args=(port, str(tmp_path)), nprocs=2, start_method='fork')
        for rank in range(2):
            found = torch.load(tmp_path / f'rank{rank}.pth', weights_only=True)
            assert len(found['plain']) == len(found['converted']) > 0
            for one, other in zip(found['plain'], found['converted']):
                torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)

    def test_other_wrappers(self):
        """Are refused by name."""
        wrapper = MMFullyShardedDataParallel.__new__(MMFullyShardedDataParallel)
        with pytest.raises(ValueError, match='got MMFullyShardedDataParallel'):
            converted(wrapper)
