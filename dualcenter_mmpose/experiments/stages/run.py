"""One stage after the other, on every process; a stage is trained by mmengine's runner."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import broadcast_object_list, init_dist, is_distributed, is_main_process
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

from dualcenter_mmpose.experiments.stages.chain import Stage, StageError, find_stages, pick_stages
from dualcenter_mmpose.experiments.stages.record import (
    Start,
    begin,
    decide_start,
    finish,
    read_records,
    stage_folder,
    write_records,
)


def start_processes(launcher: str, config: Mapping[str, Any]) -> None:
    """Join the processes of a launcher, before anything is decided together.

    Args:
        launcher: 'none', or a launcher that mmengine knows.
        config: of a stage; says by ``env_cfg`` how the processes talk.

    Raises:
        StageError: without a GPU, unless torchrun's processes talk by gloo.
    """
    if launcher == 'none' or is_distributed():
        return
    env_cfg = config.get('env_cfg') or {}
    dist_cfg = env_cfg.get('dist_cfg') or {}
    set_multi_processing(**(env_cfg.get('mp_cfg') or {}), distributed=True)
    if get_device() != 'cpu':
        init_dist(launcher, **dist_cfg)
    elif launcher == 'pytorch' and dist_cfg.get('backend') == 'gloo':
        torch.distributed.init_process_group('gloo')  # mmengine's init_dist picks a GPU first
    else:
        raise StageError(
            f"launcher '{launcher}' with backend '{dist_cfg.get('backend', 'nccl')}' needs GPUs, and there are none; "
            'on CPUs use torchrun and --cfg-options env_cfg.dist_cfg.backend=gloo'
        )


def train_configs(paths: Sequence[Path], folder: Path, load_from: str | None = None) -> None:
    """Train the stages of config files in this process, as they are.

    Args:
        paths: of the last stage, or of all stages in order.
        folder: of the training.
        load_from: checkpoint that the first of them starts from.
    """
    stages = find_stages(paths, Config.fromfile)
    for stage in stages:
        stage.config.launcher = 'none'
    run_stages(pick_stages(stages, None), folder, load_from)


def run_stages(
    stages: Sequence[Stage],
    folder: Path,
    load_from: str | None = None,
    train: Callable[[Stage, Path, Start], None] | None = None,
) -> str:
    """Run stages one after the other, keep their records, and return the last checkpoint.

    Args:
        stages: in order.
        folder: of the training.
        load_from: checkpoint for the first of them, in place of the one that it names.
        train: what trains one stage in its folder; mmengine's runner by default.

    Raises:
        StageError: if a stage cannot be run.
    """
    checkpoint = ''
    for stage in stages:
        start = on_main_process(_begin_stage, folder, stage, load_from if stage is stages[0] else None)
        if not start.is_done:
            (train or train_stage)(stage, stage_folder(folder, stage.number), start)
        checkpoint = on_main_process(_finish_stage, folder, stage)
    return checkpoint


def _begin_stage(folder: Path, stage: Stage, load_from: str | None) -> Start:
    records = read_records(folder)
    start = decide_start(folder, stage, records, load_from)
    how = 'goes on from' if start.resume else 'starts from'
    state = f'is done: {start.load_from}' if start.is_done else f'{how} {start.load_from or "its initialization"}'
    print(f'== stage {stage.number}, {stage.path.name}, {state}', flush=True)
    if not start.is_done:
        begin(records, stage, start)
        write_records(folder, records)
    return start


def _finish_stage(folder: Path, stage: Stage) -> str:
    records = read_records(folder)
    checkpoint = finish(records, stage, folder)
    write_records(folder, records)
    return checkpoint


def on_main_process(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function returns on the main process, on every process; its error is everybody's error.

    The other processes wait here, so nobody reads a checkpoint before it is written.

    Raises:
        StageError: if the function does, or cannot read or write its files.
    """
    answer: list[Any] = [None, None]
    if is_main_process():
        try:
            answer[0] = function(*args)
        except (StageError, OSError) as error:
            answer[1] = str(error)
    broadcast_object_list(answer)
    if answer[1] is not None:
        raise StageError(answer[1])
    return answer[0]


def train_stage(stage: Stage, where: Path, start: Start) -> None:
    """Train one stage in its folder by mmengine's runner."""
    config = stage.config
    config.work_dir = str(where)
    config.load_from, config.resume = start.load_from, start.resume
    config.experiment_name = f'stage{stage.number}_{stage.path.stem}'
    if isinstance(config.get('visualizer'), dict):
        # Visualizers are kept by name: under its usual one the second stage would write into the first one's folder.
        config.visualizer.name = f'visualizer_{where}'
    if is_distributed() and get_device() == 'cpu':
        # mmengine numbers a GPU for every process, which a model on a CPU refuses.
        wrapper = config.get('model_wrapper_cfg') or dict(type='MMDistributedDataParallel')
        config.model_wrapper_cfg = dict(wrapper, device_ids=None)
    runner = Runner.from_cfg(config)
    runner.train()
    # Loader processes and the memory of this stage must be gone before the next one begins.
    del runner
    gc.collect()
    torch.cuda.empty_cache()
