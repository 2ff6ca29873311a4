"""Do faster training steps learn the same? One config, the same start and batches: fp32 as usual, and all at once fast.

The fast run has bfloat16 autocast, channels last and a compiled backbone, as `configs/_base_/fast_gpu.py`. A third run,
fp32 with another seed for weights and order of batches, shows how far two honest trainings lie apart: the noise. Losses
are smoothed by a moving average; a distance of two runs is the mean over the steps of their difference over the fp32
run's value. The rate rises over the first tenth of the steps and then stays. Speed is that of the second half of the
steps, from batches in memory. Exit status 1 if the fast run lies outside the noise.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import DictAction
from mmengine.logging import MMLogger

from dualcenter_mmpose.cli.command import DONE, FOUND_WANTING, bad_input
from dualcenter_mmpose.experiments.profiling.fast_training import load_batches, prepare_config, train_all
from dualcenter_mmpose.experiments.profiling.loss_curves import Run, compare, smooth
from dualcenter_mmpose.experiments.profiling.timing import describe_machine
from dualcenter_mmpose.utils.config_files import read_config
from dualcenter_mmpose.utils.files import write_json
from dualcenter_mmpose.utils.json_values import finite_or_none

EXAMPLES = """example:
  dualcenter check-fast-training CONFIG --steps 500 --device cuda --out fast.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('config', type=Path, help='of a training')
    add('--steps', type=int, default=500, help='of each run (default: 500)')
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu', help='default: a GPU if there is one')
    add('--backend', default='inductor', help='of torch.compile (default: inductor)')
    add('--mode', help='of torch.compile')
    add('--seed', type=int, default=0, help='of the first two runs; the third has the next')
    add('--batches', type=int, help='different ones in memory (default: 64 on a GPU, 8 on a CPU)')
    add('--batch-size', type=int, help="images in each (default: the config's)")
    add('--images', type=int, help='synthetic ones to train on (default: 256 on a GPU, 16 on a CPU)')
    add('--own-data', action='store_true', help="train on the config's images in place of synthetic ones")
    add('--pretrained', action='store_true', help="start from the config's weights of the backbone")
    add('--out', type=Path, help='JSON file for curves and measures')
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='settings of the config')


def run(arguments: argparse.Namespace) -> int:
    """Train three times and compare; return the exit status."""
    MMLogger.get_instance('mmengine', log_level='WARNING')  # else three lists of all weights
    window = max(1, arguments.steps // 20)
    with bad_input():
        batches, config = load(arguments)
    print(f'{len(batches)} batches of {len(batches[0]["inputs"])} images, {tuple(batches[0]["inputs"][0].shape)}')
    compile_options = dict(backend=arguments.backend, mode=arguments.mode)
    runs = {}
    for name, done in train_all(config, batches, arguments.steps, arguments.seed, arguments.device, compile_options):
        runs[name] = done
        print(describe(name, done), flush=True)
    measures = compare(runs, window)
    if arguments.out is not None:
        with bad_input():
            write_json(arguments.out, finite_or_none(make_record(arguments, runs, measures, window)))
    for name, value in measures.items():
        print(f'{name:<30} {value:.4f}')
    is_within = measures['difference over noise'] <= 1
    print(f'the fast losses, means of {window} steps, lie {"within" if is_within else "OUTSIDE"} the noise')
    return DONE if is_within else FOUND_WANTING


def load(arguments: argparse.Namespace) -> tuple[list[Any], Any]:
    """Return batches and config.

    Raises:
        ValueError: for a config or an option that cannot be.
        OSError: for a file that cannot be read.
    """
    on_gpu = arguments.device.startswith('cuda')
    if on_gpu and not torch.cuda.is_available():
        raise ValueError(f'--device {arguments.device}: PyTorch sees no CUDA device')
    if arguments.steps < 4:
        raise ValueError(f'--steps: at least 4, two for each half, got {arguments.steps}')
    config = prepare_config(
        read_config(arguments.config, arguments.cfg_options), arguments.batch_size, arguments.pretrained
    )
    num_batches = arguments.batches or (64 if on_gpu else 8)
    num_images = arguments.images or (256 if on_gpu else 16)
    with tempfile.TemporaryDirectory() as folder:
        return load_batches(config, num_batches, None if arguments.own_data else Path(folder), num_images), config


def describe(name: str, done: Run) -> str:
    """Return a line about a run."""
    return (
        f'{name:<11} loss {done.losses[0]:.4f} -> {done.losses[-1]:.4f}   {done.images_per_second:8.2f} images/s   '
        f'{done.memory:7.0f} MiB   first step {done.seconds:.1f} s   {done.graphs} graphs'
    )


def make_record(
    arguments: argparse.Namespace, runs: Mapping[str, Run], measures: Mapping[str, float], window: int
) -> dict[str, Any]:
    """Return everything for JSON."""
    options = {name: getattr(arguments, name) for name in ('steps', 'seed', 'backend', 'mode')}
    return dict(
        config=arguments.config.name,
        machine=describe_machine(arguments.device),
        **options,
        window=window,
        measures=measures,
        runs={name: dict(done._asdict(), smoothed=smooth(done.losses, window)) for name, done in runs.items()},
    )
