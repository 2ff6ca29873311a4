"""One training after the other, each in a process of its own, and the test of what it leaves."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from mmengine.config import Config

from dualcenter_mmpose.engine.time_budget_hook import META_KEY
from dualcenter_mmpose.experiments.ablation.plan import TrainingRun, training_runs_of
from dualcenter_mmpose.experiments.ablation.provenance import note_provenance, read_provenance
from dualcenter_mmpose.experiments.comparison.entries import Entry
from dualcenter_mmpose.experiments.comparison.records import file_digest
from dualcenter_mmpose.experiments.comparison.runs import run_entry
from dualcenter_mmpose.experiments.stages.record import read_records
from dualcenter_mmpose.utils.files import replacing
from dualcenter_mmpose.utils.locations import source_tree
from dualcenter_mmpose.utils.processes import run_in_process

TRAIN = 'dualcenter_mmpose.experiments.stages.run:train_configs'
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class RunError(RuntimeError):
    """A training or test that failed; the message says which and where its log is."""


def do_run(name: str, last: TrainingRun, work_dir: Path, workers: int | None, jobs: int = 1) -> dict[str, Any]:
    """Train what is not trained yet, test the last weights, and return the run's record.

    Args:
        name: of the run, for its folder.
        last: its last unit.
        work_dir: of the ablation.
        workers: processes that load test images; the config's own by default.
        jobs: how many runs are under way at a time; each takes its share of the CPU cores.

    Raises:
        RunError: if a training or the test fails.
    """
    checkpoint, budgets = None, []
    for unit in training_runs_of(last):
        with _LOCKS[unit.folder]:  # whoever shares the unit waits for it
            checkpoint = train_unit(unit, work_dir / 'units' / unit.folder, checkpoint, thread_limit(jobs))
        budgets.append({**read_budget(checkpoint), **read_provenance(work_dir / 'units' / unit.folder)})
    config_file = work_dir / 'units' / last.folder / 'config.py'
    data = test_data(last.config)
    entry = Entry(name, config=str(config_file), checkpoint=checkpoint)
    job = dict(data, workers=workers, batches=[1], repeats=0)
    shared = dict(annotations=file_digest(data['ann_file']), images=data['images'])
    outcome = run_entry(entry, work_dir, job, shared, minutes=0, environment=thread_limit(jobs))
    if outcome.record is None:
        raise RunError(f'test failed: {outcome.error}')
    return dict(checkpoint=checkpoint, stages=budgets, scores=outcome.record['scores'], costs=outcome.record['costs'])


def train_unit(
    unit: TrainingRun, folder: Path, load_from: str | None, environment: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Train one stage, go on with it, or leave it if it is done; return its last checkpoint.

    Args:
        unit: the stage.
        folder: its own.
        load_from: checkpoint of the stage before.
        environment: variables of its process besides those of this one.

    Raises:
        RunError: if the training fails.
    """
    done = finished_checkpoint(folder / 'train')
    if done is not None:
        return done
    folder.mkdir(parents=True, exist_ok=True)
    note_provenance(folder, source_tree() or Path.cwd())
    with replacing(folder / 'config.py') as draft:
        unit.config.dump(draft)
    job = [[folder / 'config.py'], folder / 'train', load_from]
    outcome = run_in_process(TRAIN, job, folder / 'log.txt', environment=environment)
    done = finished_checkpoint(folder / 'train')
    if outcome.status or done is None:
        reason = outcome.error or f'ended with status {outcome.status}'
        raise RunError(f'training of {unit.folder}: {reason}; log: {folder / "log.txt"}')
    return done


def thread_limit(jobs: int) -> dict[str, str]:
    """Return the environment that gives each of several jobs its share of the CPU cores; nothing for one job."""
    if jobs == 1:
        return {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return dict.fromkeys(('OMP_NUM_THREADS', 'MKL_NUM_THREADS'), str(max(1, cores // jobs)))


def finished_checkpoint(folder: Path) -> str | None:
    """Return the last checkpoint of a finished training; ``None`` if it is not finished."""
    own: Mapping[str, Any] = read_records(folder).get('1', {})
    checkpoint = own.get('checkpoint')
    return str(checkpoint) if own.get('status') == 'done' and checkpoint and Path(checkpoint).is_file() else None


def read_budget(checkpoint: str) -> dict[str, Any]:
    """Return the seconds and steps that a checkpoint was trained for."""
    meta = torch.load(checkpoint, map_location='cpu', weights_only=True)['meta']
    return dict(meta[META_KEY])


def test_data(config: Config) -> dict[str, str]:
    """Return annotation file and image folder of a config's test.

    Raises:
        RunError: if they are not there.
    """
    dataset = config.test_dataloader.dataset
    root = Path(dataset.get('data_root') or '')
    found = dict(ann_file=root / dataset.ann_file, images=root / dataset.data_prefix.img)
    for key, path in found.items():
        if not path.exists():
            raise RunError(f"{key} of the test, '{path}', does not exist")
    return {key: str(path.resolve()) for key, path in found.items()}
