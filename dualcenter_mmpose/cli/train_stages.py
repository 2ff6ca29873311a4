"""Train all stages of a model one after the other, in one process per GPU.

Give one config, and the stages are those that it names by `previous_stage`, one before the other; or give the configs
of all stages in order. Each stage starts from the last checkpoint of the one before and lives in DIR/stage1, DIR/stage2
and so on. The same command goes on where it was stopped: a stage that is done is skipped, one that was interrupted
resumes from its last checkpoint.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
from mmengine.config import DictAction
from mmengine.dist import is_distributed, is_main_process

from dualcenter_mmpose.cli.command import DONE, InputError, bad_input
from dualcenter_mmpose.experiments.reduced.from_shipped import EVERY_LEVEL_HELP
from dualcenter_mmpose.experiments.stages.chain import StageError
from dualcenter_mmpose.experiments.stages.data import DATA_HELP
from dualcenter_mmpose.experiments.stages.options import StageOptions, plan_stages
from dualcenter_mmpose.experiments.stages.record import stage_folder
from dualcenter_mmpose.experiments.stages.run import run_stages, start_processes

EXAMPLES = """examples:
  dualcenter train-stages configs/dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py \\
      --work-dir work_dirs/w32
  torchrun --nproc-per-node 8 -m dualcenter train-stages CONFIG --work-dir DIR
  srun -n 8 --gres gpu:8 dualcenter train-stages CONFIG --work-dir DIR --launcher slurm

an ablation of stage 2, on a stage 1 that was trained already:
  dualcenter train-stages configs/ablation/literal-equations_hrnet-w32_8xb10-20e_coco-512x512.py \\
      --work-dir work_dirs/literal --stages 2 --load-from work_dirs/w32/stage1/epoch_140.pth

Processes without a GPU work under torchrun, with --cfg-options env_cfg.dist_cfg.backend=gloo.
"""
IS_RESUMABLE = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('configs', type=Path, nargs='+', metavar='CONFIG', help='of the last stage, or of all stages in order')
    add('--work-dir', type=Path, required=True, metavar='DIR', help='folder of the training')
    add('--stages', type=int, nargs='+', metavar='N', help='numbers of the stages to run; all')
    add('--load-from', metavar='CKPT', help='checkpoint that the first of these stages starts from')
    add('--auto-scale-lr', action='store_true', help='learning rate by the actual batch size')
    add('--epochs', type=int, nargs='+', metavar='N', help='for each stage; steps of the schedule move along')
    add('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], help='pytorch under torchrun, else none')
    add_stage_options(parser)


def add_stage_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every training of stages, which an ablation has, too."""
    add = parser.add_argument
    add('--small', action='store_true', help='train reduced configs, on synthetic people')
    add('--light', action='store_true', help='reduced configs on a light backbone with ImageNet weights')
    add('--every-level', action='store_true', help=EVERY_LEVEL_HELP)
    add('--data', metavar='DIR', help=DATA_HELP)
    add('--amp', action='store_true', help='automatic mixed precision')
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='settings of all stages')


def stage_options(arguments: argparse.Namespace) -> StageOptions:
    """Return the changes to configs that the options ask for; the launcher is that of this process by default."""
    given = {name: value for name, value in vars(arguments).items() if name in StageOptions._fields}
    launcher = given.get('launcher') or ('pytorch' if 'TORCHELASTIC_RUN_ID' in os.environ else 'none')
    return StageOptions(**{**given, 'launcher': launcher})


def run(arguments: argparse.Namespace) -> int:
    """Train; return the exit status."""
    options = stage_options(arguments)
    with bad_input():
        stages = plan_stages(arguments.configs, options, arguments.epochs, arguments.stages)
        start_processes(options.launcher, stages[0].config)
    try:
        checkpoint = run_stages(stages, arguments.work_dir, arguments.load_from)
    except StageError as error:  # other errors come out of the training and keep their traceback
        raise InputError(str(error)) from error
    if is_main_process():
        config = stage_folder(arguments.work_dir, stages[-1].number) / stages[-1].path.name
        print(f'== all done; to test:\nmim test dualcenter_mmpose {config} --checkpoint {checkpoint}')
    if is_distributed():
        torch.distributed.destroy_process_group()
    return DONE
