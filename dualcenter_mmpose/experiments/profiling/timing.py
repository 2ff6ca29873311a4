"""Timing of baselines in turns: warm-up, repeats, medians, spread, and ratios within one run."""

from __future__ import annotations

import datetime
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable

import torch
from tabulate import tabulate


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one method.

    Attributes:
        name: of the method.
        median: ms.
        lowest: ms.
        highest: ms.
        repeats: how many runs were counted.
        ratio: median of (reference / this) over the rounds; how many times faster than the reference.
    """

    name: str
    median: float
    lowest: float
    highest: float
    repeats: int
    ratio: float

    def per(self, count: float) -> Timing:
        """Return the timing of one of ``count`` equal parts, such as an image of a batch."""
        return replace(
            self,
            median=self.median / count,
            lowest=self.lowest / count,
            highest=self.highest / count,
            ratio=self.ratio * count,
        )

    def named(self, name: str) -> Timing:
        """Return the same under another name."""
        return replace(self, name=name)

    def relative_to(self, factor: float) -> Timing:
        """Return the same with the reference taken ``factor`` times as long."""
        return replace(self, ratio=self.ratio * factor)


def time_in_turns(methods: Mapping[str, Callable[[], Any]], repeats: int, warmup: int = 1) -> list[Timing]:
    """Return the timings of methods run in turns, A B C A B C ..., so that a drifting machine is fair to all.

    Args:
        methods: name -> what to run; the first is the reference of the ratios.
        repeats: counted rounds.
        warmup: rounds before them.
    """
    rounds: dict[str, list[float]] = {name: [] for name in methods}
    for round_idx in range(warmup + repeats):
        for name, run in methods.items():
            milliseconds = _time_once(run)
            if round_idx >= warmup:
                rounds[name].append(milliseconds)
    reference = next(iter(rounds.values()))
    return [
        Timing(
            name=name,
            median=statistics.median(times),
            lowest=min(times),
            highest=max(times),
            repeats=repeats,
            ratio=statistics.median(theirs / ours for theirs, ours in zip(reference, times)),
        )
        for name, times in rounds.items()
    ]


def _time_once(run: Callable[[], Any]) -> float:
    _synchronize()
    start = time.perf_counter()
    run()
    _synchronize()
    return (time.perf_counter() - start) * 1e3


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def describe_machine(device: str) -> dict[str, Any]:
    """Return what the numbers were measured on, and when."""
    name = torch.cuda.get_device_name() if device.startswith('cuda') else _processor_name()
    versions = {name: version(name) for name in ('torch', 'mmcv', 'mmpose', 'numpy')}
    today = datetime.date.today().isoformat()
    return dict(device=device, name=name, threads=torch.get_num_threads(), **versions, date=today)


def _processor_name() -> str:
    # platform.processor() knows no more than the architecture on Linux.
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')), platform.machine())


def to_markdown(title: str, timings: Sequence[Timing]) -> str:
    """Return a Markdown table of timings, or of mebibytes in their place if the title says so."""
    unit, better = ('MiB', 'less') if 'MiB' in title else ('ms', 'faster')
    headers = ('what', f'median {unit}', 'lowest', 'highest', f'times {better}')
    rows = [(t.name, f'{t.median:.3f}', f'{t.lowest:.3f}', f'{t.highest:.3f}', f'{t.ratio:.1f}') for t in timings]
    aligned = ('left', *('right' for _ in headers[1:])) if rows else None
    return f'### {title}\n\n{tabulate(rows, headers, tablefmt="github", colalign=aligned, disable_numparse=True)}'


def to_records(timings: Sequence[Timing]) -> list[dict[str, Any]]:
    """Return timings as plain dictionaries for JSON."""
    return [asdict(timing) for timing in timings]
