"""Measure what this project claims about speed, each claim as a ratio within one run.

Example::

    python tools/benchmark.py targets --out targets.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

sys.path.insert(0, str(Path(__file__).resolve().parent))

import benchmarks.decode  # noqa: E402
import benchmarks.memory  # noqa: E402
import benchmarks.step  # noqa: E402
import benchmarks.targets  # noqa: E402
import torch  # noqa: E402
from benchmarks.timing import Timing, describe_machine, to_markdown, to_records  # noqa: E402

import dualcenter_mmpose  # noqa: E402, F401  (registers the codec and the head)

SUITES = {
    'targets': benchmarks.targets.run,
    'step': benchmarks.step.run,
    'memory': benchmarks.memory.run,
    'decode': benchmarks.decode.run,
}


def main() -> None:
    """Run the suites named on the command line, print Markdown, and write JSON on request."""
    args = parse_args()
    names = list(SUITES) if args.suite == 'all' else [args.suite]
    results: dict[str, Any] = dict(machine=describe_machine(args.device))
    print(f'Measured on: {results["machine"]}\n')
    for name in names:
        tables = SUITES[name](args.device, args.repeats)
        results[name] = {title: to_records(timings) for title, timings in tables.items()}
        print_tables(name, tables)
    if args.out is not None:
        write_json(args.out, results)


def print_tables(name: str, tables: dict[str, list[Timing]]) -> None:
    """Print one suite's tables."""
    print(f'## {name}\n')
    for title, timings in tables.items():
        print(to_markdown(title, timings), end='\n\n')


def write_json(path: Path, results: dict[str, Any]) -> None:
    """Write the results in one piece."""
    temporary = path.with_name(path.name + '.partial')
    temporary.write_text(json.dumps(results, indent=2))
    os.replace(temporary, path)


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('suite', choices=[*SUITES, 'all'], help='what to measure')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--repeats', type=int, default=15, help='counted rounds')
    parser.add_argument('--out', type=Path, help='JSON file for the results')
    args = parser.parse_args()
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error('--device cuda: PyTorch sees no CUDA device')
    return args


if __name__ == '__main__':
    main()
