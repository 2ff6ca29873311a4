"""One entry after the other, each in a process of its own; what is done is skipped, what fails is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from dualcenter_mmpose.experiments.comparison import worker
from dualcenter_mmpose.experiments.comparison.entries import Entry
from dualcenter_mmpose.experiments.comparison.records import RECORD, entry_fingerprint, entry_folder, read_record
from dualcenter_mmpose.utils.files import write_json
from dualcenter_mmpose.utils.processes import run_in_process


class Outcome(NamedTuple):
    """What came of an entry.

    Attributes:
        entry: the entry.
        record: its numbers; ``None`` if it failed.
        error: why, in one line; ``None`` if it did not.
        is_old: whether the record was there before.
    """

    entry: Entry
    record: dict[str, Any] | None
    error: str | None = None
    is_old: bool = False


def run_entry(
    entry: Entry,
    work_dir: Path,
    job: Mapping[str, Any],
    shared: Mapping[str, Any],
    minutes: float,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Outcome:
    """Return what comes of an entry; never raises for what is wrong with the entry itself.

    Args:
        entry: the entry.
        work_dir: of the comparison.
        job: data and options for the worker.
        shared: what of them decides on numbers, with digests of files.
        minutes: that the entry may take; 0 for any time.
        environment: variables of its process besides those of this one.
    """
    folder = entry_folder(work_dir, entry)
    try:
        fingerprint = entry_fingerprint(entry, shared)
    except Exception as error:  # a config is a program
        return Outcome(entry, None, f'{type(error).__name__}: {" ".join(str(error).split())}')
    record = read_record(folder, fingerprint)
    if record is not None:
        return Outcome(entry, record, is_old=True)
    for name in (RECORD, 'results.keypoints.json'):
        (folder / name).unlink(missing_ok=True)  # of an earlier config or checkpoint of that name
    job = dict(job, entry=entry._asdict(), folder=str(folder.resolve()), fingerprint=fingerprint)
    write_json(folder / 'job.json', job)
    problem = _start_worker(job, folder, minutes, environment)
    record = read_record(folder, fingerprint)
    return Outcome(entry, record, None if record else problem)


def _start_worker(job: Mapping[str, Any], folder: Path, minutes: float, environment: Mapping[str, str]) -> str:
    """Run the worker on a job and return what is wrong if it leaves no record."""
    log = folder / 'log.txt'
    log.unlink(missing_ok=True)
    outcome = run_in_process(worker.WORK, [dict(job)], log, minutes * 60 or None, environment)
    if outcome.timed_out:
        return f'stopped after {minutes:g} minutes (--minutes-per-entry); log: {log}'
    return f'{outcome.error or f"its process ended with status {outcome.status}"}; log: {log}'
