"""Which trainings an ablation needs: every stage of every config with every seed, those that are alike once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple

from mmengine.config import Config

from dualcenter_mmpose.experiments.ablation.budget import share_steps, train_for_steps
from dualcenter_mmpose.experiments.stages.chain import find_stages

HOOK = 'TimeBudgetHook'


class Method(NamedTuple):
    """A config under a name of its own."""

    name: str
    path: Path


class TrainingRun(NamedTuple):
    """The training of one stage with one seed.

    Attributes:
        folder: name of its folder; equal for equal trainings, so that methods share a first stage.
        config: ready to train.
        after: the unit that it starts from; ``None`` for a first stage.
    """

    folder: str
    config: Config
    after: TrainingRun | None


def parse_methods(words: Sequence[str]) -> list[Method]:
    """Return the configs of a command line, each ``PATH`` or ``NAME=PATH``.

    Raises:
        ValueError: if two have one name.
    """
    found = []
    for word in words:
        name, separator, path = word.rpartition('=')
        found.append(Method(name if separator else Path(path).stem, Path(path)))
    names = [method.name for method in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'every config needs a name of its own (NAME=PATH), but these occur twice: {twice}')
    return found


def plan_run(
    path: Path,
    seed: int,
    prepare: Callable[[Config], Config],
    minutes: Sequence[float | None] = (None,),
    steps: Sequence[int | None] = (None,),
    total_steps: int | None = None,
    shares: Sequence[float] = (),
    backbone: Path | None = None,
) -> TrainingRun:
    """Return the last unit of a run; those before it hang on it.

    Args:
        path: config of the last stage; it leads to the others by ``previous_stage``.
        seed: of all random numbers.
        prepare: makes what is trained of a stage's config.
        minutes: budget of every stage, or of each.
        steps: likewise.
        total_steps: of all stages together, in place of `steps`; one shape of schedule for all of them.
        shares: how many of them each of several stages has; by default as its schedule says.
        backbone: checkpoint whose backbone the first stage starts from, in place of the config's own.

    Raises:
        ValueError: if there are other numbers of budgets than of stages.
    """
    stages = find_stages([path], Config.fromfile)
    if total_steps is not None:
        steps = share_steps(total_steps, _shares(shares, stages, path))
    unit = None
    for stage, own_minutes, own_steps in zip(stages, _each(minutes, stages, path), _each(steps, stages, path)):
        config = prepare(stage.config)
        if total_steps is not None:
            config = train_for_steps(config, own_steps)
        config.randomness = dict(config.get('randomness') or {}, seed=seed)
        config.custom_hooks = [
            *(hook for hook in config.get('custom_hooks') or [] if hook.get('type') != HOOK),
            dict(type=HOOK, minutes=own_minutes, steps=own_steps),
        ]
        config.previous_stage = None  # each stage is a training of its own here
        if unit is None and backbone is not None:
            if 'backbone' not in (config.get('model') or {}):
                raise ValueError(f"--backbone needs 'model.backbone', which '{path}' does not have")
            weights = dict(type='Pretrained', checkpoint=str(backbone.resolve()), prefix='backbone.')
            config.model.backbone.init_cfg = weights
        if unit is not None:
            config.load_from = None  # what its own earlier stage left
        unit = TrainingRun(_folder_name(stage.path, seed, config, unit), config, unit)
    assert unit is not None
    return unit


def _each(values: Sequence[Any], stages: Sequence[Any], path: Path) -> Sequence[Any]:
    if len(values) not in (1, len(stages)):
        raise ValueError(
            f"'{path}' has {len(stages)} stages: give one budget for all, or {len(stages)}; got {list(values)}"
        )
    return list(values) * len(stages) if len(values) == 1 else values


def _shares(shares: Sequence[float], stages: Sequence[Any], path: Path) -> Sequence[float]:
    if len(stages) == 1:
        return [1.0]
    return _each(shares, stages, path) if shares else [stage.config.train_cfg.max_epochs for stage in stages]


def _folder_name(path: Path, seed: int, config: Config, after: TrainingRun | None) -> str:
    content = json.dumps([config.to_dict(), after and after.folder], sort_keys=True, default=str)
    return f'{path.stem}-seed{seed}-{hashlib.sha256(content.encode()).hexdigest()[:8]}'


def training_runs_of(last: TrainingRun) -> list[TrainingRun]:
    """Return the units of a run, first stage first."""
    before = training_runs_of(last.after) if last.after is not None else []
    return [*before, last]
