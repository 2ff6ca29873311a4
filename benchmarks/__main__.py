"""Measure what this project claims about speed, each claim as a ratio within one run.

Example::

    python -m benchmarks targets --out targets.json
    python -m benchmarks all --out all.json --markdown all.md
    python -m benchmarks all --device cuda
"""

from __future__ import annotations

import argparse
import importlib
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

import torch  # noqa: E402

import dualcenter_mmpose  # noqa: E402, F401  (registers the codec and the head)
from dualcenter_mmpose.experiments.profiling.timing import Timing, describe_machine, to_markdown, to_records  # noqa: E402
from dualcenter_mmpose.utils.files import write_json, write_text  # noqa: E402

SUITES = {
    'roofline-rates': 'what the machine can do at best',
    'targets': 'training targets of one image',
    'loader': 'the training data pipeline',
    'step': 'a training step',
    'memory': 'memory of training, and of predicting large images',
    'adapt-conv': 'the adaptive convolution',
    'predict': 'whole prediction',
    'decode': 'from dense maps to people',
    'metric': 'evaluation by boxes',
}
"""Name -> what it measures; the module is `benchmarks.<name>`."""


def main() -> None:
    """Run the suites named on the command line; print Markdown, and write it and JSON on request."""
    args = parse_args()
    names = list(SUITES) if args.suite == 'all' else [args.suite]
    results: dict[str, Any] = dict(machine=describe_machine(args.device))
    parts = [f'Measured on: {", ".join(f"{key} {value}" for key, value in results["machine"].items())}\n']
    print(parts[0])
    for name in names:
        module = importlib.import_module(f'benchmarks.{name.replace("-", "_")}')
        tables = module.run(args.device, args.repeats)
        results[name] = {title: to_records(timings) for title, timings in tables.items()}
        parts.append(format_suite(name, tables))
        print(parts[-1], flush=True)
        # After every suite: a later one that fails does not take the numbers of the others along.
        if args.out is not None:
            write_json(args.out, results)
        if args.markdown is not None:
            write_text(args.markdown, '\n'.join(parts))


def format_suite(name: str, tables: dict[str, list[Timing]]) -> str:
    """Return one suite's tables as Markdown."""
    return '\n\n'.join([f'## {name}: {SUITES[name]}', *(to_markdown(*table) for table in tables.items())]) + '\n'


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    listing = '\n'.join(f'  {name:11} {what}' for name, what in SUITES.items())
    parser = argparse.ArgumentParser(
        description=f'{__doc__}\nSuites::\n\n{listing}\n', formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('suite', choices=[*SUITES, 'all'], help='what to measure')
    parser.add_argument('--device', default='cpu', help='cpu or cuda')
    parser.add_argument('--repeats', type=int, default=15, help='counted rounds; suites with long ones take a third')
    parser.add_argument('--out', type=Path, help='JSON file for the results')
    parser.add_argument('--markdown', type=Path, help='Markdown file for the tables')
    args = parser.parse_args()
    if args.repeats < 1:
        parser.error(f'--repeats {args.repeats}: give at least 1')
    for path in (args.out, args.markdown):
        if path is not None and not path.resolve().parent.is_dir():
            parser.error(f'{path}: the folder does not exist; make it first, or the results would be lost')
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error('--device cuda: PyTorch sees no CUDA device')
    return args


if __name__ == '__main__':
    main()
