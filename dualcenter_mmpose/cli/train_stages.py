"""Train all stages of a model one after the other, in one process per GPU.

Give one config, and the stages are those that it names by `previous_stage`, one before the other; or give the configs
of all stages in order. Each stage starts from the last checkpoint of the one before and lives in DIR/stage1, DIR/stage2
and so on. The same command goes on where it was stopped: a stage that is done is skipped, one that was interrupted
resumes from its last checkpoint.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

warnings.filterwarnings('ignore', category=UserWarning)

import torch  # noqa: E402
from mmengine.config import Config, DictAction  # noqa: E402
from mmengine.dist import is_distributed, is_main_process  # noqa: E402

from dualcenter_mmpose.experiments.reduced.reduce import scale_schedule  # noqa: E402
from dualcenter_mmpose.experiments.stages.chain import Stage, StageError, find_stages, pick_stages  # noqa: E402
from dualcenter_mmpose.experiments.stages.data import DATA_HELP, with_data  # noqa: E402
from dualcenter_mmpose.experiments.stages.record import stage_folder  # noqa: E402
from dualcenter_mmpose.experiments.stages.run import run_stages, start_processes  # noqa: E402
from dualcenter_mmpose.experiments.stages.small import EVERY_LEVEL_HELP, small_twin  # noqa: E402

EXAMPLES = """\
examples:
  dualcenter train-stages configs/dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py \\
      --work-dir work_dirs/w32
  torchrun --nproc-per-node 8 dualcenter train-stages CONFIG --work-dir DIR
  srun -n 8 --gres gpu:8 dualcenter train-stages CONFIG --work-dir DIR --launcher slurm

an ablation of stage 2, on a stage 1 that was trained already:
  dualcenter train-stages configs/ablation/literal-equations_hrnet-w32_8xb10-20e_coco-512x512.py \\
      --work-dir work_dirs/literal --stages 2 --load-from work_dirs/w32/stage1/epoch_140.pth

Processes without a GPU work under torchrun, with --cfg-options env_cfg.dist_cfg.backend=gloo.
"""


def prepare_config(config: Config, args: argparse.Namespace, epochs: int | None) -> Config:
    """Return a stage's config with the options of the command line, `--cfg-options` last.

    Args:
        config: as loaded.
        args: of the command line.
        epochs: to train for; the config's own by default.

    Raises:
        StageError: if the config has nothing that an option could change.
    """
    if args.small or args.light:
        config = small_twin(config, args.light, args.every_level)
    if args.data is not None:
        config = with_data(config, args.data)
    if epochs is not None:
        _require(config, '--epochs', 'train_cfg', 'max_epochs')
        config = Config(scale_schedule(config.to_dict(), epochs), filename=config.filename)
    if args.amp:
        _require(config, '--amp', 'optim_wrapper', 'optimizer')
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        _require(config, '--auto-scale-lr', 'auto_scale_lr', 'base_batch_size')
        config.auto_scale_lr.enable = True
    try:
        config.merge_from_dict(args.cfg_options or {})
    except (AssertionError, KeyError, TypeError) as error:
        raise StageError(f'--cfg-options: {error}') from error
    config.launcher = args.launcher
    return config


def _require(config: Config, option: str, part: str, key: str) -> None:
    if key not in (config.get(part) or {}):
        raise StageError(f"{option} needs '{part}.{key}', which '{config.filename}' does not have")


def plan_stages(args: argparse.Namespace) -> list[Stage]:
    """Return the stages to run, their configs ready.

    Raises:
        StageError: if they cannot be run as asked.
        ValueError: if a config has no small twin, or cannot be trained for so few epochs.
    """
    stages = find_stages(args.configs, Config.fromfile)
    epochs = args.epochs or [None]
    if len(epochs) not in (1, len(stages)):
        raise StageError(f'--epochs takes one number, or {len(stages)} for {len(stages)} stages; got {epochs}')
    epochs = epochs * len(stages) if len(epochs) == 1 else epochs
    ready = [stage._replace(config=prepare_config(stage.config, args, number)) for stage, number in zip(stages, epochs)]
    return pick_stages(ready, args.stages)


def main() -> int:
    """Train as the command line says; return the exit status."""
    args = parse_args()
    try:
        stages = plan_stages(args)
        start_processes(args.launcher, stages[0].config)
    except ValueError as error:
        return refuse(error)
    try:
        checkpoint = run_stages(stages, args.work_dir, args.load_from)
    except StageError as error:  # other errors come out of the training and keep their traceback
        return refuse(error)
    except KeyboardInterrupt:
        print(f'\ntrain_stages: stopped; the same command goes on in {args.work_dir}', file=sys.stderr)
        return 130
    if is_main_process():
        config = stage_folder(args.work_dir, stages[-1].number) / stages[-1].path.name
        print(f'== all done; to test:\npython tools/test.py {config} {checkpoint}')
    if is_distributed():
        torch.distributed.destroy_process_group()
    return 0


def refuse(error: Exception) -> int:
    """Say what is wrong, once for all processes, and return the exit status."""
    if os.environ.get('RANK', '0') == '0':
        print(f'train_stages: {error}', file=sys.stderr)
    return 2


def parse_args(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments; ``words`` in place of those that the process was started with."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('configs', type=Path, nargs='+', metavar='CONFIG', help='of the last stage, or of all stages in order')
    add('--work-dir', type=Path, required=True, metavar='DIR', help='folder of the training')
    add('--stages', type=int, nargs='+', metavar='N', help='numbers of the stages to run; all')
    add('--load-from', metavar='CKPT', help='checkpoint that the first of these stages starts from')
    add('--small', action='store_true', help='train the small twins, on synthetic people')
    add('--light', action='store_true', help='small twins on a light backbone with ImageNet weights')
    add('--every-level', action='store_true', help=EVERY_LEVEL_HELP)
    add('--data', metavar='DIR', help=DATA_HELP)
    add('--epochs', type=int, nargs='+', metavar='N', help='for each stage; steps of the schedule move along')
    add('--amp', action='store_true', help='automatic mixed precision')
    add('--auto-scale-lr', action='store_true', help='learning rate by the actual batch size')
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='settings of all stages')
    add('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], help='pytorch under torchrun, else none')
    args = parser.parse_args(words)
    if args.launcher is None:
        args.launcher = 'pytorch' if 'TORCHELASTIC_RUN_ID' in os.environ else 'none'
    return args


if __name__ == '__main__':
    sys.exit(main())
