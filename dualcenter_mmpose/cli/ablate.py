"""Train configs with several seeds and a budget each, and write a table of means and spreads over the seeds.

A config's stages are those that it names by `previous_stage`; configs whose first stages are alike share them. The same
command goes on where it was stopped. A run that fails is named, and the others go on; the table is written after each.
Every run is tested on its config's own test set, with the weights that it ends with. Exit status 1 if a run failed.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from dualcenter_mmpose.cli.command import DONE, FOUND_WANTING, bad_input
from dualcenter_mmpose.cli.train_stages import add_stage_options, stage_options
from dualcenter_mmpose.experiments.ablation.plan import Method, TrainingRun, parse_methods, plan_run
from dualcenter_mmpose.experiments.ablation.report import Result, write_report
from dualcenter_mmpose.experiments.ablation.runs import RunError, do_run
from dualcenter_mmpose.experiments.ablation.side_by_side import do_all
from dualcenter_mmpose.experiments.stages.options import prepare_config

EXAMPLES = """examples:
  dualcenter ablate configs/ablation/table6-row*.py --small --seeds 0 1 2 --minutes 15 --work-dir DIR
  dualcenter ablate ours=OURS.py one=ONE_CENTER.py --seeds 0 1 --steps 4000 --work-dir DIR

--minutes and --steps: one number for every stage, or one for each stage where all configs have as many. A schedule
knows nothing of a budget: choose --epochs so that it ends near it.
"""
IS_RESUMABLE = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('configs', nargs='+', metavar='[NAME=]CONFIG', help='of last stages; others are compared with the first')
    add('--work-dir', type=Path, required=True, metavar='DIR', help='folder of trainings and tables')
    add('--seeds', type=int, nargs='+', default=[0, 1], metavar='N', help='default: 0 1')
    add('--minutes', type=float, nargs='+', default=[None], metavar='M', help='longest training of a stage')
    add('--steps', type=int, nargs='+', default=[None], metavar='N', help='most steps of a stage')
    add('--total-steps', type=int, metavar='N', help='of all stages together: equal images; a cosine for every stage')
    add('--shares', type=float, nargs='+', default=[], metavar='X', help='how several stages share --total-steps')
    add('--epochs', type=int, metavar='N', help='of every stage; steps of the schedule move along')
    add('--backbone', type=Path, metavar='CKPT', help='checkpoint whose backbone all first stages start from')
    add('--jobs', type=int, default=1, metavar='N', help='trainings side by side, each with its share of CPU cores')
    add('--workers', type=int, metavar='N', help="processes that load test images; each config's own by default")
    add_stage_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the ablation; return the exit status."""
    with bad_input():
        check_options(arguments)
        methods = parse_methods(arguments.configs)
        # Seed by seed: whatever stops the ablation leaves rows that can be compared.
        plans = {(method, seed): plan(method, seed, arguments) for seed in arguments.seeds for method in methods}
    pieces = {key: partial(train_and_test, *key, unit, arguments) for key, unit in plans.items()}
    options = {name: value for name, value in vars(arguments).items() if name != 'work_dir'}
    results: list[Result] = []
    report = ''
    for (method, seed), record in do_all(pieces, arguments.jobs):
        results.append((method, seed, record))
        print(f'== {method.name}, seed {seed}: {record.get("error", "done")}', flush=True)
        report = write_report(arguments.work_dir, methods, results, options)
    print(f'\n{report}\nwritten: {arguments.work_dir}')
    return FOUND_WANTING if any('error' in record for _, _, record in results) else DONE


def check_options(arguments: argparse.Namespace) -> None:
    """Raise ValueError for options that do not go together or are out of range."""
    if arguments.total_steps is not None and (arguments.steps != [None] or arguments.epochs is not None):
        raise ValueError('--total-steps brings its own schedule: leave --steps and --epochs out')
    if arguments.shares and arguments.total_steps is None:
        raise ValueError('--shares says how --total-steps is shared: give both')
    if arguments.backbone is not None and not arguments.backbone.is_file():
        raise ValueError(f"--backbone: '{arguments.backbone}' does not exist")
    if arguments.jobs < 1:
        raise ValueError(f'--jobs must be at least 1, got {arguments.jobs}')
    if len(set(arguments.seeds)) < len(arguments.seeds):
        raise ValueError(f'--seeds must differ, got {arguments.seeds}')


def plan(method: Method, seed: int, arguments: argparse.Namespace) -> TrainingRun:
    """Return the trainings of one run; each is a process of its own, whatever started this one."""
    options = stage_options(arguments)._replace(launcher='none')
    return plan_run(
        method.path,
        seed,
        partial(prepare_config, options=options, epochs=arguments.epochs),
        arguments.minutes,
        arguments.steps,
        arguments.total_steps,
        arguments.shares,
        arguments.backbone,
    )


def train_and_test(method: Method, seed: int, unit: TrainingRun, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the record of one run, or why there is none."""
    name = f'{method.name}-seed{seed}'
    try:
        return do_run(name, unit, arguments.work_dir, arguments.workers, arguments.jobs)
    except (RunError, ValueError, OSError) as error:
        return dict(error=' '.join(str(error).split()))
