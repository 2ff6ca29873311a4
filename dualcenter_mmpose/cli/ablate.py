"""Train configs with several seeds and a budget each, and write a table of means and spreads over the seeds.

A config's stages are those that it names by `previous_stage`; configs whose first stages are alike share them. The same
command goes on where it was stopped. A run that fails is named, and the others go on; the table is written after each.
Every run is tested on its config's own test set, with the weights that it ends with.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

from mmengine.config import DictAction  # noqa: E402

import dualcenter_mmpose  # noqa: E402, F401  (registers the parts of configs)
from dualcenter_mmpose.cli.train_stages import prepare_config  # noqa: E402
from dualcenter_mmpose.experiments.ablation.plan import Contestant, Unit, parse_contestants, plan_run  # noqa: E402
from dualcenter_mmpose.experiments.ablation.runs import RunError, do_run  # noqa: E402
from dualcenter_mmpose.experiments.ablation.summary import differences, summarise, to_markdown, values_of  # noqa: E402
from dualcenter_mmpose.experiments.comparison.tables import SOURCES  # noqa: E402
from dualcenter_mmpose.experiments.stages.data import DATA_HELP  # noqa: E402
from dualcenter_mmpose.experiments.stages.small import EVERY_LEVEL_HELP  # noqa: E402
from dualcenter_mmpose.utils.files import write_json, write_text  # noqa: E402

EXAMPLES = """\
examples:
  dualcenter ablate configs/ablation/table6-row*.py --small --seeds 0 1 2 --minutes 15 --work-dir DIR
  dualcenter ablate ours=OURS.py one=ONE_CENTER.py --seeds 0 1 --steps 4000 --work-dir DIR

--minutes and --steps: one number for every stage, or one for each stage where all configs have as many. A schedule
knows nothing of a budget: choose --epochs so that it ends near it.
"""

Result = tuple[Contestant, int, dict[str, Any]]
"""Contestant, seed, record or ``{'error': ...}``."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the ablation; return 0, 1 if a run failed, 2 for bad input, 130 if it was stopped."""
    args = parse_args(words)
    try:
        contestants = parse_contestants(args.configs)
        plans = {(c, seed): plan(c, seed, args) for c in contestants for seed in args.seeds}
    except (ValueError, OSError) as error:
        print(f'ablate: {error}', file=sys.stderr)
        return 2
    results: list[Result] = []
    report = ''
    # Seed by seed: whatever stops the ablation leaves rows that can be compared.
    runs = sorted(plans.items(), key=lambda item: args.seeds.index(item[0][1]))
    try:
        for (contestant, seed), record in work_off(runs, args):
            results.append((contestant, seed, record))
            print(f'== {contestant.name}, seed {seed}: {record.get("error", "done")}', flush=True)
            report = write_report(contestants, results, args)
    except KeyboardInterrupt:
        print(f'\nablate: stopped; the same command goes on in {args.work_dir}', file=sys.stderr)
        return 130
    print(f'\n{report}\nwritten: {args.work_dir}')
    return int(any('error' in record for _, _, record in results))


def plan(contestant: Contestant, seed: int, args: argparse.Namespace) -> Unit:
    """Return the trainings of one run."""
    options = argparse.Namespace(**{**vars(args), 'auto_scale_lr': False, 'launcher': 'none'})
    prepare = partial(prepare_config, args=options, epochs=args.epochs)
    return plan_run(
        contestant.path, seed, prepare, args.minutes, args.steps, args.total_steps, args.shares, args.backbone
    )


def work_off(
    runs: Sequence[tuple[tuple[Contestant, int], Unit]], args: argparse.Namespace
) -> Iterator[tuple[tuple[Contestant, int], dict[str, Any]]]:
    """Yield every run with its record, as they end; with ``--jobs`` several are under way."""
    if args.jobs == 1:
        yield from ((key, run(*key, unit, args)) for key, unit in runs)
        return
    # The work is done by other processes; threads only wait for them.
    pool = ThreadPoolExecutor(args.jobs)
    try:
        futures = {pool.submit(run, *key, unit, args): key for key, unit in runs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def run(contestant: Contestant, seed: int, unit: Unit, args: argparse.Namespace) -> dict[str, Any]:
    """Return the record of one run, or why there is none."""
    try:
        return do_run(f'{contestant.name}-seed{seed}', unit, args.work_dir, args.workers, args.jobs)
    except (RunError, ValueError, OSError) as error:
        return dict(error=' '.join(str(error).split()))


def write_report(contestants: Sequence[Contestant], results: Sequence[Result], args: argparse.Namespace) -> str:
    """Write what is known so far as JSON and Markdown, and return the latter."""
    done = [(c.name, seed, record) for c, seed, record in results if 'error' not in record]
    sections = ['# Ablation', 'Percent, mean ± sample standard deviation over seeds.']
    statistics: dict[str, Any] = {}
    for source, words in SOURCES.items():
        by_seed = {c.name: {s: values_of(r, source) for name, s, r in done if name == c.name} for c in contestants}
        rows = {name: summarise(list(own.values())) for name, own in by_seed.items()}
        first = by_seed[contestants[0].name]
        gains = {name: differences(first, own) for name, own in by_seed.items() if name != contestants[0].name}
        sections.append(to_markdown(f'Numbers, {words}', rows))
        if gains:
            title = f'Above {contestants[0].name}, by pairs of equal seeds, {words}'
            sections.append(to_markdown(title, gains, is_difference=True))
        statistics[source] = {kind: _to_json(own) for kind, own in (('numbers', rows), ('above_first', gains))}
    sections.append(_describe_budgets(done))
    sections += [f'{c.name}, seed {seed}, failed: {r["error"]}' for c, seed, r in results if 'error' in r]
    runs = [dict(r, name=c.name, config=str(c.path), seed=seed) for c, seed, r in results]
    options = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items() if k != 'work_dir'}
    args.work_dir.mkdir(parents=True, exist_ok=True)
    write_json(args.work_dir / 'ablation.json', dict(options=options, statistics=statistics, runs=runs))
    text = '\n\n'.join(section for section in sections if section) + '\n'
    write_text(args.work_dir / 'ablation.md', text)
    return text


def _to_json(rows: dict[str, Any]) -> dict[str, Any]:
    return {name: {number: statistic._asdict() for number, statistic in own.items()} for name, own in rows.items()}


def _describe_budgets(done: Sequence[tuple[str, int, dict[str, Any]]]) -> str:
    lines = []
    for name, seed, record in done:
        stages = ', '.join(f'{s["steps"]} steps in {s["seconds"] / 60:.1f} min' for s in record['stages'])
        lines.append(f'- {name}, seed {seed}: {stages}')
    return '\n'.join(['## Trained', '', *lines]) if lines else ''


def parse_args(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments; ``words`` in place of those that the process was started with."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('configs', nargs='+', metavar='[NAME=]CONFIG', help='of last stages; others are compared with the first')
    add('--work-dir', type=Path, required=True, metavar='DIR', help='folder of trainings and tables')
    add('--seeds', type=int, nargs='+', default=[0, 1], metavar='N', help='default: 0 1')
    add('--minutes', type=float, nargs='+', default=[None], metavar='M', help='longest training of a stage')
    add('--steps', type=int, nargs='+', default=[None], metavar='N', help='most steps of a stage')
    add('--total-steps', type=int, metavar='N', help='of all stages together: equal images; a cosine for every stage')
    add('--shares', type=float, nargs='+', default=[], metavar='X', help='how several stages share --total-steps')
    add('--epochs', type=int, metavar='N', help='of every stage; steps of the schedule move along')
    add('--small', action='store_true', help='train the small twins, on synthetic people')
    add('--light', action='store_true', help='small twins on a light backbone with ImageNet weights')
    add('--every-level', action='store_true', help=EVERY_LEVEL_HELP)
    add('--data', metavar='DIR', help=DATA_HELP)
    add('--backbone', type=Path, metavar='CKPT', help='checkpoint whose backbone all first stages start from')
    add('--jobs', type=int, default=1, metavar='N', help='trainings side by side, each with its share of CPU cores')
    add('--amp', action='store_true', help='automatic mixed precision')
    add('--workers', type=int, metavar='N', help="processes that load test images; each config's own by default")
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='settings of all stages')
    args = parser.parse_args(words)
    if args.total_steps is not None and (args.steps != [None] or args.epochs is not None):
        parser.error('--total-steps brings its own schedule: leave --steps and --epochs out')
    if args.shares and args.total_steps is None:
        parser.error('--shares says how --total-steps is shared: give both')
    if args.backbone is not None and not args.backbone.is_file():
        parser.error(f"--backbone: '{args.backbone}' does not exist")
    if args.jobs < 1:
        parser.error(f'--jobs must be at least 1, got {args.jobs}')
    if len(set(args.seeds)) < len(args.seeds):
        parser.error(f'--seeds must differ, got {args.seeds}')
    return args


if __name__ == '__main__':
    sys.exit(main())
