"""What a command line changes in the configs of stages, and the stages that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from dualcenter_mmpose.experiments.reduced.from_shipped import reduced_config
from dualcenter_mmpose.experiments.reduced.reduce import scale_schedule
from dualcenter_mmpose.experiments.stages.chain import Stage, StageError, find_stages, pick_stages
from dualcenter_mmpose.experiments.stages.data import with_data


class StageOptions(NamedTuple):
    """Changes to the config of every stage; each is named as its option of ``dualcenter train-stages``.

    Attributes:
        small: reduced configs, on synthetic people.
        light: reduced configs on a light backbone.
        every_level: reduced configs train all scales in every step.
        data: folder of other data; the config's own by default.
        amp: automatic mixed precision.
        auto_scale_lr: learning rate by the actual batch size.
        cfg_options: settings by dotted keys; they have the last word.
        launcher: 'none', or a launcher that mmengine knows.
    """

    small: bool = False
    light: bool = False
    every_level: bool = False
    data: str | None = None
    amp: bool = False
    auto_scale_lr: bool = False
    cfg_options: Mapping[str, Any] | None = None
    launcher: str = 'none'


def prepare_config(config: Config, options: StageOptions, epochs: int | None = None) -> Config:
    """Return a stage's config with the options of the command line.

    Args:
        config: as loaded.
        options: what to change.
        epochs: to train for; the config's own by default.

    Raises:
        StageError: if the config has nothing that an option could change.
        ValueError: if it has no reduced config, or cannot be trained for so few epochs.
        FileNotFoundError: if the folder of the data lacks something.
    """
    if options.small or options.light:
        config = reduced_config(config, options.light, options.every_level)
    if options.data is not None:
        config = with_data(config, options.data)
    if epochs is not None:
        _require(config, '--epochs', 'train_cfg', 'max_epochs')
        config = Config(scale_schedule(config.to_dict(), epochs), filename=config.filename)
    if options.amp:
        _require(config, '--amp', 'optim_wrapper', 'optimizer')
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if options.auto_scale_lr:
        _require(config, '--auto-scale-lr', 'auto_scale_lr', 'base_batch_size')
        config.auto_scale_lr.enable = True
    try:
        config.merge_from_dict(dict(options.cfg_options or {}))
    except (AssertionError, KeyError, TypeError) as error:
        raise StageError(f'--cfg-options: {error}') from error
    config.launcher = options.launcher
    return config


def _require(config: Config, option: str, part: str, key: str) -> None:
    if key not in (config.get(part) or {}):
        raise StageError(f"{option} needs '{part}.{key}', which '{config.filename}' does not have")


def plan_stages(
    configs: Sequence[Path],
    options: StageOptions,
    epochs: Sequence[int] | None = None,
    numbers: Sequence[int] | None = None,
) -> list[Stage]:
    """Return the stages to run, their configs ready.

    Args:
        configs: of the last stage, or of all stages in order.
        options: changes to all of them.
        epochs: one number for all stages, or one for each; the configs' own by default.
        numbers: of the stages to run; all by default.

    Raises:
        StageError: if they cannot be run as asked.
        ValueError: see :func:`prepare_config`.
        FileNotFoundError: likewise.
    """
    stages = find_stages(configs, Config.fromfile)
    each: list[int | None] = list(epochs) if epochs else [None]
    if len(each) not in (1, len(stages)):
        raise StageError(f'--epochs takes one number, or {len(stages)} for {len(stages)} stages; got {each}')
    each = each * len(stages) if len(each) == 1 else each
    ready = [
        stage._replace(config=prepare_config(stage.config, options, number)) for stage, number in zip(stages, each)
    ]
    return pick_stages(ready, numbers)
