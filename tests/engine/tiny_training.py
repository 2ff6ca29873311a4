"""Trainings of a second: a backbone of two convolutions, pictures of noise, one scale or three, through the Runner."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from tests.helpers import build_model, encode_sample, make_batch, random_people, tiny_model

# Autograd starts its threads at the first backward of a process: none if there are CPUs only, but some if torch.compile
# has worked before. A process with such threads cannot be forked, and other tests fork theirs.
torch.ones((), requires_grad=True).backward()

SIZE = 64
LEVELS = (2.0, 1.0, 0.5)


class TwoConvolutions(nn.Module):
    """A backbone that is compiled in a moment: stride 4, BatchNorm, a list in between, one map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        maps = [self.bn1(self.conv1(images)).relu()]
        maps.append(self.bn2(self.conv2(maps[-1])).relu())
        return (maps[-1],)


def quick_config(**options: Any) -> dict[str, Any]:
    """Return the config of a three-level model on :class:`TwoConvolutions`; ``options`` go to the estimator."""
    config = tiny_model(SIZE, type='MultiScaleTrainingWrapper', **options)
    config['backbone'] = options.get('backbone', dict(type=TwoConvolutions))
    if 'backbone' not in options:
        config['head'].update(in_channels=(8,), num_heatmap_filters=4, blocks=('plain', 'plain'))
    return config


def quick_model(**options: Any) -> Any:
    """Return the built model of :func:`quick_config`, with weights from a fixed seed."""
    return build_model(quick_config(**options)).train()


def training_batch(model: Any, seed: int = 0, num_images: int = 2) -> dict[str, Any]:
    """Return a batch at the largest scale's size."""
    largest = max(scale.factor for scale in model.scales)
    size = int(SIZE * largest)
    people = [(random_people(2, SIZE, seed=seed + n) + 0.5) * largest - 0.5 for n in range(num_images)]
    return make_batch([encode_sample(model.head.decoder, p, input_size=(size, size)) for p in people], size, seed=seed)


def sgd(model: Any) -> OptimWrapper:
    """Return a plain optimizer."""
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))


class Bfloat16OptimWrapper(OptimWrapper):
    """Autocast for CPUs, where mmengine's AmpOptimWrapper refuses to work."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


def train_steps(model: Any, num_steps: int = 3, optimizer: OptimWrapper | None = None) -> list[float]:
    """Return the losses of some steps, each on a batch of its own."""
    optimizer = optimizer or sgd(model)
    batches = [training_batch(model, 10 * i) for i in range(num_steps)]
    return [model.train_step(batch, optimizer)['loss'].item() for batch in batches]


class CountingBackend:
    """A backend that runs graphs as they are and keeps the input size of each."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, graph: Any, example_inputs: list[Any]) -> Any:
        self.sizes += [value.shape[-1] for value in example_inputs if value.dim() == 4 and value.shape[1] == 3][-1:]
        return graph.forward


class Number(BaseMetric):
    """Count the tested images."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results: list[int]) -> dict[str, float]:
        return dict(number=len(results))


def _take_one(batches: list[Any]) -> Any:
    return batches[0]


def make_runner(folder: Any, hooks: list[Any], max_epochs: int = 2, **options: Any) -> Runner:
    """Return a runner of two steps an epoch, testing two images of different sizes after each.

    Args:
        folder: for its files.
        hooks: custom hooks.
        max_epochs: to train for.
        **options: of the runner.
    """
    model = options.pop('model', None) or quick_model(scales=(1.0,))
    batches = [training_batch(model, seed) for seed in (0, 10)]
    pictures = [make_batch([encode_sample(model.head.decoder, random_people(1, SIZE, 0))], side) for side in (64, 96)]
    optimizer = options.pop('optim_wrapper', None) or dict(optimizer=dict(type='Adam', lr=1e-2))
    runner = Runner(
        model=model,
        work_dir=str(folder),
        train_dataloader=DataLoader(batches, batch_size=1, collate_fn=_take_one),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs, val_interval=1),
        val_dataloader=DataLoader(pictures, batch_size=1, collate_fn=_take_one),
        val_cfg=dict(),
        val_evaluator=[Number()],
        optim_wrapper=optimizer,
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1), logger=None, runtime_info=None),
        custom_hooks=hooks,
        experiment_name=str(folder),
        default_scope='mmpose',
        randomness=dict(seed=0),
        **options,
    )
    runner.visualizer.close()
    return runner
