"""The sequential step on several processes."""

import os
from copy import deepcopy

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from dualcenter_mmpose.models.pose_estimators import MultiScaleDistributedDataParallel
from tests.models.pose_estimators.sequential_models import make_model, sgd, training_batch


def spawn(directory, options, num_steps=2):
    port = 29500 + os.getpid() % 1000
    mp.start_processes(run_rank, args=(port, str(directory), options, num_steps), nprocs=2, start_method='fork')


def run_rank(rank, port, directory, options, num_steps):
    """Train on one of two processes and keep the parameters."""
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE='2')
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=2)
    model = make_model(**options)
    parallel = MultiScaleDistributedDataParallel(module=model, broadcast_buffers=False)
    optimizer, calls = sgd(model), []
    parallel.register_forward_pre_hook(lambda *_: calls.append(1))
    for step in range(num_steps):
        batch = training_batch(model, seed=20 * step, num_images=4)
        half = {key: values[2 * rank : 2 * rank + 2] for key, values in batch.items()}
        parallel.train_step(half, optimizer)
    parameters = [p.detach() for p in model.parameters()]
    torch.save(dict(parameters=parameters, num_calls=len(calls)), f'{directory}/rank{rank}.pth')
    dist.destroy_process_group()


class TestTwoProcesses:
    """MultiScaleDistributedDataParallel."""

    @pytest.mark.parametrize(
        ('options', 'num_calls'), [({}, 6), (dict(scales_per_step=1), 2), (dict(sequential=False), 2)]
    )
    def test_processes_agree(self, tmp_path, options, num_calls):
        """Two processes end with the same parameters after as many passes as two steps have, all parameters in use."""
        spawn(tmp_path, options)
        ranks = [torch.load(tmp_path / f'rank{rank}.pth', weights_only=True) for rank in range(2)]
        for a, b in zip(ranks[0]['parameters'], ranks[1]['parameters']):
            assert torch.equal(a, b)
        assert [rank['num_calls'] for rank in ranks] == [num_calls] * 2
        start = [p.detach() for p in make_model(**options).parameters()]
        moved = sum(not torch.equal(a, b) for a, b in zip(start, ranks[0]['parameters']))
        assert moved > 0.5 * len(start)

    def test_gradients_of_every_scale_are_averaged(self, tmp_path):
        """A step on the halves of a batch moves the heads of all scales by the mean of the halves' gradients."""
        spawn(tmp_path, {}, num_steps=1)
        found = torch.load(tmp_path / 'rank0.pth', weights_only=True)['parameters']
        start, halves = make_model(), []
        batch = training_batch(start, num_images=4)
        for rank in range(2):
            half = deepcopy(start)
            half.train_step({key: values[2 * rank : 2 * rank + 2] for key, values in batch.items()}, sgd(half))
            halves.append(list(half.parameters()))
        for (name, before), after, *ones in zip(start.named_parameters(), found, *halves):
            expected = (ones[0] + ones[1]) / 2
            torch.testing.assert_close(after, expected, atol=1e-6, rtol=1e-5, msg=name)
            assert not torch.equal(after, before) or torch.equal(expected, before), name
