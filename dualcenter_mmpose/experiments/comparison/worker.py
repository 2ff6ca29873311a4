"""The work of one entry, done in a process of its own: test, score, time, and write the record."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

import dualcenter_mmpose  # noqa: E402, F401  (registers the parts of configs)
from dualcenter_mmpose.experiments.comparison.entries import NO_CHECKPOINT, Entry  # noqa: E402
from dualcenter_mmpose.experiments.comparison.records import RECORD, load_entry_config  # noqa: E402
from dualcenter_mmpose.experiments.comparison.scoring import score_file  # noqa: E402
from dualcenter_mmpose.experiments.comparison.speed import measure  # noqa: E402
from dualcenter_mmpose.experiments.comparison.testing import prepare_test, run_test  # noqa: E402
from dualcenter_mmpose.utils.files import write_json  # noqa: E402

WORK = f'{__name__}:work'
"""How :mod:`~dualcenter_mmpose.utils.processes` finds the function."""


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Test and score one entry, and return its record.

    Args:
        job: ``entry``, ``fingerprint``, ``folder``, ``ann_file``, ``images``, ``batches``, ``repeats`` and ``workers``.
    """
    entry = Entry(**job['entry'])
    record: dict[str, Any] = dict(entry=entry._asdict(), fingerprint=job['fingerprint'], costs=None)
    results = entry.results
    if entry.config is not None:
        folder = Path(job['folder'])
        config = load_entry_config(entry.config)
        prepare_test(config, job['ann_file'], job['images'], folder, workers=job['workers'])
        runner = run_test(config, entry.checkpoint or NO_CHECKPOINT)
        results = str(folder / 'results.keypoints.json')
        record['costs'] = measure(config, runner, job['batches'], job['repeats'])
    has_predictions = entry.checkpoint != NO_CHECKPOINT
    record['scores'] = score_file(job['ann_file'], results or '') if has_predictions else None
    return record


def work(job: dict[str, Any]) -> None:
    """Do a job and write its record into its folder."""
    write_json(Path(job['folder']) / RECORD, run_job(job))
