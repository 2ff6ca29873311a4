"""What a model costs: parameters, multiply-adds, images a second, memory."""

from __future__ import annotations

import copy
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Callable

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from dualcenter_mmpose.experiments.profiling.counting import count_complexity
from dualcenter_mmpose.experiments.profiling.peak import peak_mib
from dualcenter_mmpose.experiments.profiling.timing import describe_machine

PICTURES = 8
"""Different images that are timed; larger batches repeat them."""
SEARCHED = 64
"""Images among which those of the most common size are looked for."""
PATIENCE = 30.0
"""Seconds a batch may take before larger ones are left out."""

Json = dict[str, Any]


def measure(config: Config, runner: Any, batches: Sequence[int], repeats: int) -> Json:
    """Return all costs of a model; a number that cannot be had is ``None`` and ``notes`` say why.

    Args:
        config: of the model.
        runner: of its test.
        batches: batch sizes to time.
        repeats: counted rounds of each; 0 for no timing.
    """
    notes: list[str] = []
    costs = dict(complexity(config, runner.model, notes), images_per_second={}, peak_mib=None)
    if repeats:
        run = _make_run(runner)
        costs['peak_mib'] = peak_mib(runner.model, lambda: run(1))
        costs['images_per_second'] = images_per_second(run, batches, repeats, notes)
        costs['machine'] = describe_machine(str(next(runner.model.parameters()).device))
    return dict(costs, notes=notes)


def complexity(config: Config, model: Any, notes: list[str]) -> Json:
    """Return parameters and multiply-adds of the network at the nominal size of the test.

    Args:
        config: of the model.
        model: the same, built.
        notes: gets a sentence where multiply-adds cannot be counted.
    """
    parameters = sum(p.numel() for n, p in model.named_parameters() if not n.startswith('auxiliary_heads.'))
    size = None
    try:
        size = test_size(config)
        counted = count_complexity(config.model, size)
    except Exception as error:  # networks of others may do anything when run on shapes alone
        notes.append(f'multiply-adds not counted: {_in_a_line(error)}')
        return dict(parameters=parameters, multiply_adds=None, size=size)
    return dict(parameters=counted.total.parameters, multiply_adds=counted.total.multiply_adds, size=list(size))


def test_size(config: Config) -> tuple[int, int]:
    """Return (w, h) px of the images that the test pipeline makes.

    Raises:
        ValueError: if no step of it says.
    """
    for step in config.test_dataloader.dataset.pipeline:
        if 'input_size' in step:
            return int(step['input_size'][0]), int(step['input_size'][1])
    raise ValueError('no step of the test pipeline has an input_size')


def _make_run(runner: Any) -> Callable[[int], float]:
    """Return a function that tests one batch of loaded images and returns the seconds it took.

    Copying to the device, the network with the mirrored view where the config asks for it, and the assembly of people
    count; reading and resizing of images does not.
    """
    items = common_items(runner.test_loop.dataloader.dataset)
    model = runner.model.eval()

    def run(batch_size: int) -> float:
        chosen = [copy.deepcopy(items[i % len(items)]) for i in range(batch_size)]
        batch = pseudo_collate(chosen)
        _synchronize()
        start = time.perf_counter()
        with torch.no_grad():
            model.test_step(batch)
        _synchronize()
        return time.perf_counter() - start

    return run


def common_items(dataset: Any) -> list[Any]:
    """Return the first images of the size that is most common among the first of a data set."""
    by_shape: dict[tuple[int, ...], list[Any]] = defaultdict(list)
    for idx in range(min(SEARCHED, len(dataset))):
        item = dataset[idx]
        by_shape[tuple(item['inputs'].shape)].append(item)
    return max(by_shape.values(), key=len)[:PICTURES]


def images_per_second(
    run: Callable[[int], float], batches: Sequence[int], repeats: int, notes: list[str]
) -> dict[str, float]:
    """Return images a second by batch size, from medians; sizes that a model refuses are left out.

    Args:
        run: tests a batch of some size and returns the seconds it took.
        batches: sizes to try, in order.
        repeats: counted rounds after one for warming up.
        notes: gets a sentence for every size left out.
    """
    found: dict[str, float] = {}
    for size in sorted(set(batches)):
        try:
            warm_up = run(size)
            seconds = statistics.median(run(size) for _ in range(repeats))
        except Exception as error:  # a model that takes single images may refuse in any way; memory may end
            notes.append(f'batch {size} refused: {_in_a_line(error)}')
            break
        found[str(size)] = size / seconds
        if warm_up > PATIENCE:
            notes.append(f'batches above {size} not timed: one took {warm_up:.0f} s')
            break
    return found


def _in_a_line(error: Exception) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())[:160] or "-"}'


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
