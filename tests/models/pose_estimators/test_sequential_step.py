"""The sequential step: same gradients, less memory, one optimizer step, also on several processes."""

from contextlib import contextmanager
from copy import deepcopy

import pytest
import torch
from mmengine.optim import OptimWrapper

from tests.models.pose_estimators.sequential_models import make_model, sgd, training_batch


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
        """Scale by scale gives the parameters, statistics and logs of a single backward."""
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

    def test_memory_is_that_of_the_largest_scale(self):
        """What is saved for backward at the peak is what the scale 2S alone saves."""
        peaks = {}
        for name, options in {
            'sequential': dict(sequential=True),
            'joint': dict(sequential=False),
        }.items():
            model = make_model(**options)
            peaks[name] = peak_saved_bytes(lambda m=model: m.train_step(training_batch(m), sgd(m)))
        model = make_model()
        data = model.data_preprocessor(training_batch(model), True)
        (largest,) = (one for one in model.plan_passes(data['data_samples']) if one.scale.factor == 2)

        def run_largest():
            sum(model(data['inputs'], mode='loss', scale_pass=largest).values()).backward()

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
