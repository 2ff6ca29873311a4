"""All of ``configs/_base_/fast_gpu.py`` together: its optimizer wrapper on a CPU, and resuming with it and without."""

from __future__ import annotations

import mmengine.optim.optimizer.amp_optimizer_wrapper as amp
import pytest
import torch
from mmengine.config import Config

from tests.configs.reduce import ROOT
from tests.engine.tiny_training import CountingBackend, make_runner

ADAM = dict(type='Adam', lr=1e-2)


@pytest.fixture
def fast(monkeypatch):
    """The options; mmengine's mixed precision believes in a GPU, and casts for the CPU that there is."""
    monkeypatch.setattr(amp, 'is_cuda_available', lambda: True)
    return Config.fromfile(ROOT / 'configs/_base_/fast_gpu.py').fast_gpu


def train(folder, fast=None, **options):
    backend = CountingBackend()
    hooks = [dict(hook) for hook in fast.custom_hooks] if fast else []
    for hook in hooks:
        if hook['type'] == 'CompileBackboneHook':
            hook['backend'] = backend
    wrapper = dict(fast.optim_wrapper if fast else {}, optimizer=ADAM)
    runner = make_runner(folder, hooks, optim_wrapper=wrapper, **options)
    runner.train()
    return runner, backend


def test_loss_is_not_scaled(fast, tmp_path):
    """bfloat16 needs no scaling; the backbone is compiled for it once, and weights stay float32."""
    runner, backend = train(tmp_path, fast)
    assert not runner.optim_wrapper.loss_scaler.is_enabled()
    assert runner.optim_wrapper.cast_dtype == torch.bfloat16
    assert backend.sizes == [64]
    assert {parameter.dtype for parameter in runner.model.parameters()} == {torch.float32}


@pytest.mark.parametrize('first_is_fast', [True, False])
def test_resume(fast, tmp_path, first_is_fast):
    """A training goes on with these options or without them, whichever it began with."""
    train(tmp_path / 'first', fast if first_is_fast else None, max_epochs=1)
    runner, _ = train(
        tmp_path / 'then',
        None if first_is_fast else fast,
        load_from=str(tmp_path / 'first' / 'epoch_1.pth'),
        resume=True,
    )
    assert runner.iter == 4
    steps = [state['step'].item() for state in runner.optim_wrapper.optimizer.state.values()]
    assert set(steps) == {4}
