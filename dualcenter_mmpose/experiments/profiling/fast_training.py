"""One config trained from the same start on the same batches: fp32 as usual, and all at once fast.

The fast run has bfloat16 autocast, channels last and a compiled backbone, as `configs/_base_/fast_gpu.py`. A third run,
fp32 with another seed for weights and order of batches, shows how far two honest trainings lie apart: the noise. The
rate rises over the first tenth of the steps and then stays. Speed is that of the second half of the steps, from batches
in memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, set_random_seed
from mmpose.registry import MODELS
from torch._dynamo.utils import counters

from dualcenter_mmpose.engine import ChannelsLastHook, CompileBackboneHook
from dualcenter_mmpose.experiments.profiling.loss_curves import FAST, FP32, OTHER_SEED, Run
from dualcenter_mmpose.synthetic.dataset import make_dataset
from dualcenter_mmpose.synthetic.settings import Settings

Batch = dict[str, Any]
AMP_KEYS = ('type', 'dtype', 'loss_scale', 'use_fsdp')
NUM_KEYPOINTS = 17
"""Of synthetic people."""


class Bfloat16OptimWrapper(OptimWrapper):
    """An optimizer under bfloat16 autocast on any device, with float32 weights and no scaling of the loss."""

    @contextmanager
    def optim_context(self, model: Any) -> Iterator[None]:
        """Cast what runs inside."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield


def prepare_config(config: Config, batch_size: int | None = None, pretrained: bool = False) -> Config:
    """Return a config that can be trained here; it is changed.

    Args:
        config: of a training.
        batch_size: images in a batch; the config's own by default.
        pretrained: start from the config's weights of the backbone, which may not be at hand.
    """
    init_default_scope(config.get('default_scope') or 'mmpose')
    if not pretrained and 'init_cfg' in config.model.backbone:
        config.model.backbone.init_cfg = None
    if batch_size is not None:
        config.train_dataloader.batch_size = batch_size
    return config


def load_batches(config: Config, num_batches: int, folder: Path | None, num_images: int) -> list[Batch]:
    """Return batches of the config's training loader, augmented, in memory.

    Args:
        config: of a training.
        num_batches: different ones.
        folder: for synthetic images, in place of the config's own.
        num_images: synthetic ones.

    Raises:
        ValueError: if synthetic people do not have the config's keypoints.
    """
    loader = config.train_dataloader
    if folder is not None:
        if config.model.head.num_keypoints != NUM_KEYPOINTS:
            raise ValueError(
                f'synthetic people have {NUM_KEYPOINTS} keypoints, model.head.num_keypoints is '
                f'{config.model.head.num_keypoints}: '
                'use --own-data'
            )
        make_dataset(folder, Settings(num_images=num_images, num_val_images=0))
        data = loader.dataset
        while 'dataset' in data:
            data = data.dataset
        ann_file = 'annotations/person_keypoints_train.json'
        data.update(data_root=str(folder), ann_file=ann_file, data_prefix=dict(img='images/'))
    sampler = dict(type='InfiniteSampler', shuffle=True)
    loader.update(num_workers=0, persistent_workers=False, drop_last=True, sampler=sampler)
    set_random_seed(0)
    return list(islice(Runner.build_dataloader(loader, seed=0), num_batches))


def train(
    config: Config, batches: list[Batch], steps: int, seed: int, device: str, compile_options: dict[str, Any] | None
) -> Run:
    """Return what a training did.

    Args:
        config: gives model and optimizer.
        batches: taken in an order drawn by the seed, again and again.
        steps: to train for.
        seed: of the weights and of the order.
        device: to train on.
        compile_options: of the hook; ``None`` trains in fp32 as usual.
    """
    set_random_seed(seed)
    model = MODELS.build(config.model)
    model.init_weights()
    model = model.to(device).train()
    runner = SimpleNamespace(model=model)
    hook = CompileBackboneHook(**(compile_options or {}))
    if compile_options is not None:
        ChannelsLastHook().before_run(runner)
        hook.before_train(runner)
    optimizer = make_optimizer(config, model, is_fast=compile_options is not None)
    counters.clear()
    if device.startswith('cuda'):
        torch.cuda.reset_peak_memory_stats()
    order = torch.Generator().manual_seed(seed)
    picks = [int(torch.randint(len(batches), (), generator=order)) for _ in range(steps)]
    losses, times = take_steps(model, optimizer, [batches[i] for i in picks])
    hook.after_train(runner)
    half = steps // 2
    return Run(
        losses=losses,
        images_per_second=len(batches[0]['inputs']) * (steps - half) / (times[-1] - times[half]),
        memory=torch.cuda.max_memory_allocated() / 2**20 if device.startswith('cuda') else 0.0,
        seconds=times[1] - times[0],
        graphs=counters['stats']['unique_graphs'],
    )


def make_optimizer(config: Config, model: Any, is_fast: bool) -> OptimWrapper:
    """Return the config's optimizer, in fp32 or under bfloat16 autocast, whatever the config says of precision."""
    options = {key: value for key, value in config.optim_wrapper.items() if key not in AMP_KEYS}
    return build_optim_wrapper(model, dict(options, type=Bfloat16OptimWrapper if is_fast else OptimWrapper))


def take_steps(model: Any, optimizer: OptimWrapper, batches: Sequence[Batch]) -> tuple[list[float], list[float]]:
    """Return the loss of each step, and the time, s, exact before the first, after it, at half of all, at the end.

    The list of times has the moment before each step and that after the last; for those four the device is waited for.
    """
    rates = [group['lr'] for group in optimizer.optimizer.param_groups]
    steps = len(batches)
    losses, times = [], []
    for i, batch in enumerate(batches):
        if i in (0, 1, steps // 2):
            _wait(model)
        times.append(time.perf_counter())
        for group, rate in zip(optimizer.optimizer.param_groups, rates):
            group['lr'] = rate * min(1.0, (i + 1) / max(1, steps // 10))
        # The model replaces what is in the batch.
        logged = model.train_step(dict(batch, inputs=list(batch['inputs'])), optimizer)
        losses.append(logged['loss'].detach())
    _wait(model)
    times.append(time.perf_counter())
    return [loss.item() for loss in losses], times


def _wait(model: Any) -> None:
    if next(model.parameters()).is_cuda:
        torch.cuda.synchronize()


def train_all(
    config: Config, batches: list[Batch], steps: int, seed: int, device: str, compile_options: dict[str, Any]
) -> Iterator[tuple[str, Run]]:
    """Yield the three runs by name as they end.

    Args:
        config: gives model and optimizer.
        batches: see :func:`train`.
        steps: of each run.
        seed: of the first two runs; the third has the next.
        device: to train on.
        compile_options: of the fast run's hook.
    """
    for name, own_seed in ((FP32, seed), (FAST, seed), (OTHER_SEED, seed + 1)):
        yield name, train(config, batches, steps, own_seed, device, compile_options if name == FAST else None)
