"""The sequential step: same gradients, less memory, one optimizer step, also on several processes."""

import os
from contextlib import contextmanager
from copy import deepcopy

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.optim import OptimWrapper

from dualcenter_mmpose.models.pose_estimators import MultiScaleDistributedDataParallel
from dualcenter_mmpose.models.pose_estimators.level_targets import LevelTargets
from tests.helpers import build_model, encode_sample, make_batch, random_people, tiny_model

SIZE = 64


def make_model(**options):
    return build_model(tiny_model(SIZE, type='MultiScaleTrainingWrapper', **options))


def training_batch(model, seed=0, num_images=2):
    people = [(random_people(2, SIZE, seed=seed + n) + 0.5) * 2 - 0.5 for n in range(num_images)]
    samples = [encode_sample(model.head.decoder, p, input_size=(2 * SIZE,) * 2) for p in people]
    return make_batch(samples, 2 * SIZE, seed=seed)


def sgd(model, **options):
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), **options)


def assert_same_parameters(a, b, **tolerance):
    for (name, x), (_, y) in zip(a.named_parameters(), b.named_parameters()):
        torch.testing.assert_close(x, y, msg=lambda text, name=name: f'{name}: {text}', **tolerance)


class Bfloat16OptimWrapper(OptimWrapper):
    """Autocast for CPUs, where mmengine's AmpOptimWrapper refuses to work."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


class TestOneProcess:
    """train_step."""

    def test_equals_one_backward_for_all(self):
        """Level by level gives the parameters, statistics and logs of a single backward."""
        sequential, joint = make_model(sequential=True), make_model(sequential=False)
        batch = training_batch(sequential)
        logs = [m.train_step(deepcopy(batch), sgd(m)) for m in (sequential, joint)]
        assert_same_parameters(sequential, joint, atol=1e-6, rtol=1e-5)
        assert logs[0].keys() == logs[1].keys()
        for name in logs[0]:
            torch.testing.assert_close(logs[0][name], logs[1][name])
        for a, b in zip(sequential.buffers(), joint.buffers()):
            torch.testing.assert_close(a, b)

    def test_gradient_accumulation(self):
        """Two steps with accumulation 2 move the parameters once, after the second, by the mean gradient."""
        model, joint = make_model(sequential=True), make_model(sequential=False)
        optimizers = [sgd(m, accumulative_counts=2) for m in (model, joint)]
        for optimizer in optimizers:
            optimizer.initialize_count_status(model, 0, 4)
        start = deepcopy(model)
        for step in range(2):
            batch = training_batch(model, seed=10 * step)
            model.train_step(deepcopy(batch), optimizers[0])
            joint.train_step(deepcopy(batch), optimizers[1])
            if step == 0:
                assert_same_parameters(model, start, atol=0, rtol=0)
        assert_same_parameters(model, joint, atol=1e-6, rtol=1e-5)
        assert optimizers[0]._inner_count == 2

    def test_mixed_precision(self):
        """Under bfloat16 autocast the step runs and moves the parameters."""
        model = make_model()
        start = deepcopy(model)
        optimizer = Bfloat16OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
        logged = model.train_step(training_batch(model), optimizer)
        assert torch.isfinite(logged['loss'])
        with pytest.raises(AssertionError):
            assert_same_parameters(model, start, atol=0, rtol=0)

    def test_memory_is_that_of_the_largest_level(self):
        """What is saved for backward at the peak is what the 2S level alone saves."""
        peaks = {}
        for name, options in {
            'sequential': dict(sequential=True),
            'joint': dict(sequential=False),
        }.items():
            model = make_model(**options)
            peaks[name] = peak_saved_bytes(lambda m=model: m.train_step(training_batch(m), sgd(m)))
        model = make_model()
        largest, targets = model.levels[0], training_batch(model)
        data = model.data_preprocessor(targets, True)
        level_targets = LevelTargets(model.head, data['data_samples'], {})
        model.draw_levels()

        def run_largest():
            with model.running_only(largest, level_targets):
                sum(model(**data, mode='loss').values()).backward()

        alone = peak_saved_bytes(run_largest)
        assert peaks['sequential'] <= 1.02 * alone
        assert peaks['joint'] > 1.25 * alone  # 1 + 1/4 + 1/16 of it


class _Counted:
    """A saved tensor that reports when it is dropped."""

    live = peak = 0

    def __init__(self, tensor):
        self.tensor = tensor
        self.size = tensor.numel() * tensor.element_size()
        _Counted.live += self.size
        _Counted.peak = max(_Counted.peak, _Counted.live)

    def __del__(self):
        _Counted.live -= self.size


def peak_saved_bytes(run):
    """Return the largest number of bytes that autograd held for backward at one time."""
    _Counted.live = _Counted.peak = 0
    with torch.autograd.graph.saved_tensors_hooks(_Counted, lambda counted: counted.tensor):
        run()
    return _Counted.peak


def run_rank(rank, port, directory, options):
    """Train two steps on one of two processes and keep the parameters."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE='2')
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=2)
    model = make_model(**options)
    parallel = MultiScaleDistributedDataParallel(module=model, broadcast_buffers=False)
    optimizer = sgd(model)
    for step in range(2):
        batch = training_batch(model, seed=20 * step, num_images=4)
        half = {key: values[2 * rank : 2 * rank + 2] for key, values in batch.items()}
        logged = parallel.train_step(half, optimizer)
    torch.save(
        dict(parameters=[p.detach() for p in model.parameters()], keys=list(logged)), f'{directory}/rank{rank}.pth'
    )
    dist.destroy_process_group()


class TestTwoProcesses:
    """MultiScaleDistributedDataParallel."""

    @pytest.mark.parametrize('options', [{}, dict(levels_per_step=1), dict(sequential=False)])
    def test_processes_agree(self, tmp_path, options):
        """Two processes end with the same parameters, without find_unused_parameters."""
        port = 29500 + os.getpid() % 1000
        mp.start_processes(run_rank, args=(port, str(tmp_path), options), nprocs=2, start_method='fork')
        ranks = [torch.load(tmp_path / f'rank{rank}.pth', weights_only=True) for rank in range(2)]
        for a, b in zip(ranks[0]['parameters'], ranks[1]['parameters']):
            assert torch.equal(a, b)
        start = [p.detach() for p in make_model(**options).parameters()]
        moved = sum(not torch.equal(a, b) for a, b in zip(start, ranks[0]['parameters']))
        assert moved > 0.5 * len(start)
