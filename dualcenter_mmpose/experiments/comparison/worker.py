"""The process of one entry: ``python -m comparison.worker JOB.json`` does it and writes its record.

A process of its own gives all memory back, and its failure is nobody else's.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

import dualcenter_mmpose  # noqa: E402, F401  (registers the parts of configs)
from dualcenter_mmpose.coco.file_checks import write_json  # noqa: E402
from dualcenter_mmpose.experiments.comparison.entries import NO_CHECKPOINT, Entry  # noqa: E402
from dualcenter_mmpose.experiments.comparison.records import RECORD, load_entry_config  # noqa: E402
from dualcenter_mmpose.experiments.comparison.scoring import score_file  # noqa: E402
from dualcenter_mmpose.experiments.comparison.speed import measure  # noqa: E402
from dualcenter_mmpose.experiments.comparison.testing import prepare_test, run_test  # noqa: E402

ERROR = 'error.txt'


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


def main() -> int:
    """Do the job named on the command line; return the exit status."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding='utf-8'))
    folder = Path(job['folder'])
    try:
        record = run_job(job)
    except Exception as error:  # everything that a model can do wrong
        traceback.print_exc()
        text = ' '.join(str(error).split()) or 'no message'
        (folder / ERROR).write_text(f'{type(error).__name__}: {text}\n', encoding='utf-8')
        return 1
    write_json(folder / RECORD, record)
    return 0


if __name__ == '__main__':
    sys.exit(main())
