"""A compiled backbone computes what a plain one does; checkpoints, copies, tests and processes do not notice it."""

from __future__ import annotations

import os
from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.registry import init_default_scope
from mmpose.registry import HOOKS
from torch import nn

from dualcenter_mmpose.engine import ChannelsLastHook, CompileBackboneHook
from dualcenter_mmpose.models.pose_estimators import MultiScaleDistributedDataParallel
from tests.engine.tiny_training import (
    SIZE,
    Bfloat16OptimWrapper,
    CountingBackend,
    make_runner,
    quick_model,
    sgd,
    train_steps,
    training_batch,
)
from tests.helpers import build_model, tiny_hrnet, tiny_model


def compiled(model, **options):
    """Compile a model's backbone as the hook does before a training; return model and hook."""
    hook = CompileBackboneHook(**options)
    hook.before_train(SimpleNamespace(model=model))
    return model, hook


def hrnet_model(**options):
    return build_model(tiny_model(SIZE, type='MultiScaleTrainingWrapper', **options)).train()


def assert_same_state(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


class TestValues:
    """Losses, weights and statistics after some steps are those of the plain backbone."""

    @pytest.mark.parametrize(
        'options',
        [
            {},
            dict(crop_largest=True),  # crops begin at other places of the picture each step
            pytest.param(dict(sequential=False), marks=pytest.mark.slow),
            pytest.param(dict(scales_per_step=1), marks=pytest.mark.slow),
        ],
        ids=str,
    )
    def test_levels(self, options):
        """Exactly equal, as the same operations run; three scales are three graphs, made once each."""
        backend = CountingBackend()
        model, plain = compiled(quick_model(**options), backend=backend, fullgraph=True)[0], quick_model(**options)
        losses = []
        for one in (model, plain):
            torch.manual_seed(0)
            losses.append(train_steps(one, 8))
        assert losses[0] == losses[1]
        assert_same_state(model.state_dict(), plain.state_dict())
        assert sorted(backend.sizes) == [32, 64, 64 if options.get('crop_largest') else 128]

    @pytest.mark.parametrize('scales', [(1.0,), pytest.param((2.0, 1.0, 0.5), marks=pytest.mark.slow)], ids=str)
    def test_hrnet(self, scales):
        """HRNet's lists of maps break no graph: one per scale."""
        backend, options = CountingBackend(), dict(scales=scales)
        model, plain = compiled(hrnet_model(**options), backend=backend, fullgraph=True)[0], hrnet_model(**options)
        assert train_steps(model, 2) == train_steps(plain, 2)
        assert_same_state(model.state_dict(), plain.state_dict())
        assert sorted(backend.sizes) == sorted(int(SIZE * factor) for factor in scales)

    @pytest.mark.slow
    @pytest.mark.parametrize('frozen', [dict(frozen_stages=4, norm_eval=True), dict(norm_eval=True)], ids=str)
    def test_backbone_in_test_mode(self, frozen):
        """Stage 2: the model trains on a backbone that stays as it is."""
        backend, options = CountingBackend(), dict(scales=(1.0,), backbone=dict(tiny_hrnet(), **frozen))
        model, plain = compiled(hrnet_model(**options), backend=backend, fullgraph=True)[0], hrnet_model(**options)
        assert train_steps(model, 2) == train_steps(plain, 2)
        assert_same_state(model.state_dict(), plain.state_dict())
        assert backend.sizes == [64]

    @pytest.mark.slow
    def test_captured_gradient(self):
        """Forward and backward captured by AOTAutograd: to 1e-6 of the plain ones."""
        model, plain = compiled(quick_model(), backend='aot_eager')[0], quick_model()
        assert train_steps(model) == pytest.approx(train_steps(plain), rel=1e-6)
        for one, other in zip(model.parameters(), plain.parameters()):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)

    @pytest.mark.slow
    def test_mixed_precision(self):
        """Under bfloat16 autocast the graphs are those of bfloat16."""
        backend, options = CountingBackend(), dict(scales=(1.0,))
        model, plain = compiled(hrnet_model(**options), backend=backend)[0], hrnet_model(**options)
        losses = [train_steps(m, 2, Bfloat16OptimWrapper(sgd(m).optimizer)) for m in (model, plain)]
        assert losses[0] == losses[1]
        assert losses[0] != train_steps(hrnet_model(**options), 2)
        assert backend.sizes == [64]

    @pytest.mark.slow
    def test_smaller_last_batch(self):
        """Another batch size is another graph per scale, once."""
        backend = CountingBackend()
        model = compiled(quick_model(), backend=backend)[0]
        for num_images in (2, 1, 2, 1, 2):
            model.train_step(training_batch(model, num_images=num_images), sgd(model))
        assert len(backend.sizes) == 6

    @pytest.mark.slow
    def test_next_stage(self):
        """Graphs of an earlier model are not counted against PyTorch's limit of eight: three times three fit."""
        for i in range(3):
            backend = CountingBackend()
            model = compiled(quick_model(), backend=backend, fullgraph=True)[0]
            model.backbone.bn1.eps = 1e-5 * (i + 1)  # models that are equal would share graphs
            train_steps(model, 1)
            assert len(backend.sizes) == 3

    @pytest.mark.slow
    def test_inductor(self, tmp_path, monkeypatch):
        """Generated kernels with channels innermost: to 1e-4 after three steps."""
        monkeypatch.setenv('TORCHINDUCTOR_CACHE_DIR', str(tmp_path))
        model, plain = quick_model(scales=(1.0,)), quick_model(scales=(1.0,))
        ChannelsLastHook().before_run(SimpleNamespace(model=model))
        compiled(model)
        assert train_steps(model) == pytest.approx(train_steps(plain), rel=1e-4)
        for one, other in zip(model.parameters(), plain.parameters()):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


class TestInPlace:
    """The model stays what it was for everybody but the one who calls it in training."""

    def test_names(self):
        """A checkpoint has the same names, and either loads the other's."""
        model, plain = compiled(quick_model(), backend='eager')[0], quick_model()
        assert list(model.state_dict()) == list(plain.state_dict())
        plain.load_state_dict(model.state_dict())
        model.load_state_dict(plain.state_dict())

    def test_loaded_weights_are_used(self):
        """Graphs read the weights when they run: loading others shows at once."""
        backend = CountingBackend()
        model, other = compiled(quick_model(), backend=backend)[0], quick_model()
        train_steps(model, 2)
        other.load_state_dict(model.state_dict())
        train_steps(model, 1)
        model.load_state_dict(other.state_dict())
        assert train_steps(model, 1) == train_steps(other, 1)
        assert len(backend.sizes) == 3

    def test_copy(self):
        """A copy is plain, and its own: what it computes follows its own weights."""
        backend = CountingBackend()
        model = compiled(quick_model(scales=(1.0,)), backend=backend)[0]
        train_steps(model, 1)
        copy = deepcopy(model)
        assert copy.backbone._compiled_call_impl is None
        with torch.no_grad():
            for parameter in copy.backbone.parameters():
                parameter.zero_()
        assert not copy.extract_feat(torch.rand(1, 3, SIZE, SIZE))[0].any()
        assert model.extract_feat(torch.rand(2, 3, SIZE, SIZE))[0].any()

    def test_tests_are_plain(self):
        """Images of any size make no graph while the model is in test mode, and training goes on with its graphs."""
        backend = CountingBackend()
        model = compiled(quick_model(), backend=backend)[0]
        train_steps(model, 1)
        model.eval()
        with torch.no_grad():
            for side in (64, 96, 128):
                model.extract_feat(torch.rand(1, 3, side, side))
        train_steps(model.train(), 1)
        assert len(backend.sizes) == 3

    def test_afterwards(self):
        """After the training the backbone is plain in every mode."""
        backend = CountingBackend()
        model, hook = compiled(quick_model(), backend=backend)
        hook.after_train(SimpleNamespace(model=model))
        train_steps(model, 1)
        assert model.backbone._compiled_call_impl is None
        assert not backend.sizes

    def test_no_backbone(self):
        """The model is named."""
        with pytest.raises(ValueError, match='needs a model with a backbone, got Linear'):
            compiled(nn.Linear(1, 1))

    def test_old_pytorch(self, monkeypatch):
        """PyTorch 2.0 has no compilation in place."""
        monkeypatch.delattr(nn.Module, 'compile')
        with pytest.raises(RuntimeError, match='2.1'):
            CompileBackboneHook()

    def test_registered(self):
        """A config names it."""
        init_default_scope('mmpose')
        assert isinstance(HOOKS.build(dict(type='CompileBackboneHook', mode=None)), CompileBackboneHook)


def run_training(folder, is_compiled, **options):
    """Train with an average of the weights and channels innermost; return runner, last checkpoint and backend."""
    backend = CountingBackend()
    hooks = [
        dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.3, update_buffers=True),
        dict(type='ChannelsLastHook'),
    ]
    if is_compiled:
        hooks.append(dict(type='CompileBackboneHook', backend=backend))
    runner = make_runner(folder, hooks, **options)
    runner.train()
    checkpoint = torch.load(folder / 'epoch_2.pth', weights_only=True)
    return runner, checkpoint, backend


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Two epochs in one go, compiled and plain."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ('compiled', 'plain')}
    return {name: (folder, *run_training(folder, name == 'compiled')) for name, folder in folders.items()}


class TestRunner:
    """Through mmengine's runner: training, testing after each epoch, average of the weights, checkpoints, resuming."""

    def test_same_training(self, runs):
        """Weights, average, and optimizer are equal; one graph was made, none for the tests."""
        (_, runner, mine, backend), (_, _, plain, _) = runs['compiled'], runs['plain']
        assert_same_state(mine['state_dict'], plain['state_dict'])
        assert_same_state(mine['ema_state_dict'], plain['ema_state_dict'])
        assert backend.sizes == [64]
        assert runner.model.backbone._compiled_call_impl is None

    @pytest.mark.parametrize(('first', 'then'), [('compiled', False), ('plain', True)])
    def test_resume(self, runs, tmp_path, first, then):
        """One epoch with the hook and one without end as two of either."""
        folder, _, whole, _ = runs[first]
        _, resumed, backend = run_training(tmp_path, then, load_from=str(folder / 'epoch_1.pth'), resume=True)
        assert_same_state(resumed['state_dict'], whole['state_dict'])
        assert_same_state(resumed['ema_state_dict'], whole['ema_state_dict'])
        assert backend.sizes == ([64] if then else [])


def run_rank(rank, port, folder, is_compiled):
    """Train two steps on one of two processes; keep parameters and graphs."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE='2')
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=2)
    backend = CountingBackend()
    model = quick_model()
    parallel = MultiScaleDistributedDataParallel(module=model, broadcast_buffers=False)
    if is_compiled:
        compiled(parallel, backend=backend)
    optimizer = sgd(model)
    for step in range(3):
        batch = training_batch(model, seed=20 * step, num_images=4)
        parallel.train_step({key: values[2 * rank : 2 * rank + 2] for key, values in batch.items()}, optimizer)
    torch.save(dict(state=model.state_dict(), sizes=backend.sizes), f'{folder}/rank{rank}_{is_compiled}.pth')
    dist.destroy_process_group()


class TestTwoProcesses:
    """Under DistributedDataParallel."""

    def test_equals_plain(self, tmp_path):
        """Both processes end as without the hook, with three graphs each."""
        found = {}
        for is_compiled in (True, False):
            port = 30500 + os.getpid() % 1000 + is_compiled
            mp.start_processes(run_rank, args=(port, str(tmp_path), is_compiled), nprocs=2, start_method='fork')
            for rank in range(2):
                found[rank, is_compiled] = torch.load(tmp_path / f'rank{rank}_{is_compiled}.pth', weights_only=True)
        for rank in range(2):
            assert sorted(found[rank, True]['sizes']) == [32, 64, 128]
            assert_same_state(found[rank, True]['state'], found[rank, False]['state'])
