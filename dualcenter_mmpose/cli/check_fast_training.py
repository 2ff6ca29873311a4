"""Do faster training steps learn the same? One config, the same start and batches: fp32 as usual, and all at once fast.

The fast run has bfloat16 autocast, channels last and a compiled backbone, as `configs/_base_/fast_gpu.py`. A third run,
fp32 with another seed for weights and order of batches, shows how far two honest trainings lie apart: the noise. Losses
are smoothed by a moving average; a distance of two runs is the mean over the steps of their difference over the fp32
run's value. The rate rises over the first tenth of the steps and then stays. Speed is that of the second half of the
steps, from batches in memory. Exit status: 0 if the fast run lies within the noise, 1 if not, 2 for an error.

Example::

    dualcenter check-fast-training CONFIG --steps 500 --device cuda --out fast.json
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

warnings.filterwarnings('ignore', category=UserWarning)

import torch  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.logging import MMLogger  # noqa: E402
from mmengine.optim import OptimWrapper, build_optim_wrapper  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from mmengine.runner import Runner, set_random_seed  # noqa: E402
from mmpose.registry import MODELS  # noqa: E402
from torch._dynamo.utils import counters  # noqa: E402

from dualcenter_mmpose.engine import ChannelsLastHook, CompileBackboneHook  # noqa: E402
from dualcenter_mmpose.experiments.profiling.timing import describe_machine  # noqa: E402
from dualcenter_mmpose.synthetic.dataset import make_dataset  # noqa: E402
from dualcenter_mmpose.synthetic.settings import Settings  # noqa: E402
from dualcenter_mmpose.utils.files import write_text  # noqa: E402

Batch = dict[str, Any]
AMP_KEYS = ('type', 'dtype', 'loss_scale', 'use_fsdp')


class Run(NamedTuple):
    """One training.

    Attributes:
        losses: of the steps.
        images_per_second: in the second half of the steps.
        memory: peak on the GPU, MiB; 0 on a CPU.
        seconds: the first step took, which makes the graphs.
        graphs: that were made.
    """

    losses: list[float]
    images_per_second: float
    memory: float
    seconds: float
    graphs: int


class Bfloat16OptimWrapper(OptimWrapper):
    """An optimizer under bfloat16 autocast on any device, with float32 weights and no scaling of the loss."""

    @contextmanager
    def optim_context(self, model: Any) -> Iterator[None]:
        """Cast what runs inside."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield


def smooth(losses: Sequence[float], window: int) -> list[float]:
    """Return the means of all windows of consecutive losses, ``len(losses) - window + 1`` of them."""
    return [statistics.fmean(losses[i : i + window]) for i in range(len(losses) - window + 1)]


def distance(curve: Sequence[float], reference: Sequence[float]) -> float:
    """Return the mean difference of two curves over the reference's values, without sign."""
    return statistics.fmean(abs(a - b) / abs(b) for a, b in zip(curve, reference))


def compare(runs: dict[str, Run], window: int) -> dict[str, float]:
    """Return how far the fast run lies from the usual one, and how far another seed does.

    Args:
        runs: 'fp32', 'fast' and 'other seed'.
        window: steps that are averaged.
    """
    curves = {name: smooth(run.losses, window) for name, run in runs.items()}
    difference, noise = (distance(curves[name], curves['fp32']) for name in ('fast', 'other seed'))
    return {
        'difference': difference,
        'noise': noise,
        'difference over noise': difference / noise if noise else float('inf') if difference else 0.0,
        'difference at the end, signed': curves['fast'][-1] / curves['fp32'][-1] - 1,
        'speed-up': runs['fast'].images_per_second / runs['fp32'].images_per_second,
    }


def load_batches(config: Config, num_batches: int, folder: Path | None, num_images: int) -> list[Batch]:
    """Return batches of the config's training loader, augmented, in memory.

    Args:
        config: of a training.
        num_batches: different ones.
        folder: to draw people in, in place of the config's own images.
        num_images: to draw.

    Raises:
        ValueError: if the people drawn do not have the config's keypoints.
    """
    loader = config.train_dataloader
    if folder is not None:
        if config.model.head.num_keypoints != 17:
            raise ValueError(
                f'the people drawn have 17 keypoints, model.head.num_keypoints is {config.model.head.num_keypoints}: '
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


def train_all(config: Config, batches: list[Batch], args: argparse.Namespace) -> dict[str, Run]:
    """Return the three runs."""
    seeds = {'fp32': args.seed, 'fast': args.seed, 'other seed': args.seed + 1}
    compile_options = dict(backend=args.backend, mode=args.mode)
    runs = {}
    for name, seed in seeds.items():
        runs[name] = train(config, batches, args.steps, seed, args.device, compile_options if name == 'fast' else None)
        print(describe(name, runs[name]), flush=True)
    return runs


def describe(name: str, run: Run) -> str:
    """Return a line about a run."""
    return (
        f'{name:<11} loss {run.losses[0]:.4f} -> {run.losses[-1]:.4f}   {run.images_per_second:8.2f} images/s   '
        f'{run.memory:7.0f} MiB   first step {run.seconds:.1f} s   {run.graphs} graphs'
    )


def main() -> int:
    """Train three times and compare; return the exit status."""
    args = parse_args()
    try:
        if not args.config.is_file():
            raise FileNotFoundError(f"config '{args.config}' does not exist")
        config = prepare(args)
        with tempfile.TemporaryDirectory() as folder:
            batches = load_batches(config, args.batches, None if args.own_data else Path(folder), args.images)
        print(f'{len(batches)} batches of {len(batches[0]["inputs"])} images, {tuple(batches[0]["inputs"][0].shape)}')
        runs = train_all(config, batches, args)
    except (OSError, ValueError) as error:
        print(f'check_fast_training: {error}', file=sys.stderr)
        return 2
    window = max(1, args.steps // 20)
    measures = compare(runs, window)
    for name, value in measures.items():
        print(f'{name:<30} {value:.4f}')
    is_within = measures['difference over noise'] <= 1
    print(f'the fast losses, means of {window} steps, lie {"within" if is_within else "OUTSIDE"} the noise')
    if args.out is not None:
        write_results(args, runs, measures, window)
    return 0 if is_within else 1


def prepare(args: argparse.Namespace) -> Config:
    """Return the config with the command line's settings; pretrained weights may not be at hand and are left out."""
    MMLogger.get_instance('mmengine', log_level='WARNING')  # else three lists of all weights
    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options or {})
    init_default_scope(config.default_scope)
    if not args.pretrained and 'init_cfg' in config.model.backbone:
        config.model.backbone.init_cfg = None
    if args.batch_size is not None:
        config.train_dataloader.batch_size = args.batch_size
    return config


def write_results(args: argparse.Namespace, runs: dict[str, Run], measures: dict[str, float], window: int) -> None:
    """Write everything as JSON, in one piece."""
    results = dict(
        config=args.config.name,
        machine=describe_machine(args.device),
        steps=args.steps,
        seed=args.seed,
        backend=args.backend,
        mode=args.mode,
        window=window,
        measures=measures,
        runs={name: dict(run._asdict(), smoothed=smooth(run.losses, window)) for name, run in runs.items()},
    )
    write_text(args.out, json.dumps(results, indent=2) + '\n')  # a loss may have become NaN


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path, help='of a training')
    parser.add_argument('--steps', type=int, default=500, help='of each run (default: 500)')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--backend', default='inductor', help='of torch.compile (default: inductor)')
    parser.add_argument('--mode', help='of torch.compile')
    parser.add_argument('--seed', type=int, default=0, help='of the first two runs; the third has the next')
    parser.add_argument('--batches', type=int, help='different ones in memory (default: 64 on a GPU, 8 on a CPU)')
    parser.add_argument('--batch-size', type=int, help="images in each (default: the config's)")
    parser.add_argument('--images', type=int, help='to draw (default: 256 on a GPU, 16 on a CPU)')
    parser.add_argument('--own-data', action='store_true', help="train on the config's images in place of drawn ones")
    parser.add_argument('--pretrained', action='store_true', help="start from the config's weights of the backbone")
    parser.add_argument('--out', type=Path, help='JSON file for curves and measures')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings of the config, key=value')
    args = parser.parse_args()
    on_gpu = args.device.startswith('cuda')
    if on_gpu and not torch.cuda.is_available():
        parser.error('--device cuda: PyTorch sees no CUDA device')
    if args.steps < 4:
        parser.error(f'--steps: at least 4, two for each half, got {args.steps}')
    args.batches = args.batches or (64 if on_gpu else 8)
    args.images = args.images or (256 if on_gpu else 16)
    return args


if __name__ == '__main__':
    sys.exit(main())
