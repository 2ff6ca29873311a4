"""What is known of a training in stages: one small file, `stages.json`, which outlives whatever stops the training.

For every stage that was begun: its config's name, `status` (`begun` or `done`), `run` (a name drawn when it was begun
from scratch), `after` (the `run` of the stage that it started from, or the path of a checkpoint), `checkpoint` once it
is done, and `content`, a fingerprint of each part of the config that decides the result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from dualcenter_mmpose.experiments.stages.chain import Stage, StageError
from dualcenter_mmpose.utils.files import write_json

FILE_NAME = 'stages.json'
ENTRIES = ('config', 'status', 'run', 'after', 'content')
CONTENT = ('model', 'train_cfg', 'optim_wrapper', 'param_scheduler')
"""Parts of a config whose change makes another training of it; loaders and hooks may change on the way."""
RUN = 'run-'
_AGAIN = 'name another --work-dir, or remove {} to train it again'

Records = dict[str, dict[str, Any]]


class Start(NamedTuple):
    """How a stage begins or goes on.

    Attributes:
        is_done: nothing is left to do.
        resume: go on from the last checkpoint of its own folder.
        load_from: checkpoint to begin with or to go on from; ``None`` for the config's own initialization.
        after: see the module's docstring.
    """

    is_done: bool
    resume: bool
    load_from: str | None
    after: str | None


def read_records(folder: Path) -> Records:
    """Return the records of a training, none where it was not begun.

    Raises:
        StageError: if the file is not one of ours.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    try:
        records: Records = json.loads(path.read_text())['stages']
        missing = {key for own in records.values() for key in ENTRIES if key not in own}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StageError(f"'{path}' cannot be read ({error!r}): {_AGAIN.format(folder)}") from error
    if missing:
        raise StageError(f"'{path}' lacks {sorted(missing)}: {_AGAIN.format(folder)}")
    return records


def write_records(folder: Path, records: Records) -> None:
    """Write the records in one piece."""
    write_json(folder / FILE_NAME, dict(stages=records))


def stage_folder(folder: Path, number: int) -> Path:
    """Return the folder of a stage's checkpoints and logs."""
    return folder / f'stage{number}'


def fingerprint(config: Mapping[str, Any]) -> dict[str, str]:
    """Return a short fingerprint of each part of a config that decides the result."""
    texts = {key: json.dumps(config.get(key), sort_keys=True, default=str) for key in CONTENT}
    return {key: hashlib.sha256(text.encode()).hexdigest()[:16] for key, text in texts.items()}


def last_checkpoint(folder: Path) -> str | None:
    """Return the checkpoint that mmengine wrote last into a folder, ``None`` where it wrote none.

    Raises:
        StageError: if it is gone.
    """
    note = folder / 'last_checkpoint'
    checkpoint = note.read_text().strip() if note.is_file() else ''
    if not checkpoint:
        return None
    # The path in the note is the one that the training used; the folder may have been moved since.
    for place in (folder / Path(checkpoint).name, Path(checkpoint)):
        if place.is_file():
            return str(place)
    raise StageError(f"'{checkpoint}', the last checkpoint of {folder}, is gone: {_AGAIN.format(folder)}")


def decide_start(folder: Path, stage: Stage, records: Records, load_from: str | None) -> Start:
    """Return how a stage begins, from what was done before.

    Args:
        folder: of the training.
        stage: the stage.
        records: of the stages.
        load_from: checkpoint that the user names for this stage.

    Raises:
        StageError: if there is nothing to start from, or what was done before does not fit.
    """
    own = records.get(str(stage.number))
    where = stage_folder(folder, stage.number)
    checkpoint = last_checkpoint(where)
    if checkpoint is None:
        return _start_fresh(folder, stage, records, load_from)
    if own is None:
        raise StageError(f"'{checkpoint}' is of a training that {FILE_NAME} does not know: {_AGAIN.format(where)}")
    wrong = _difference(stage, own, records, load_from)
    if wrong is not None:
        raise StageError(f'{wrong}: {_AGAIN.format(where)}')
    return Start(is_done=own['status'] == 'done', resume=True, load_from=checkpoint, after=own['after'])


def _difference(stage: Stage, own: Mapping[str, Any], records: Records, load_from: str | None) -> str | None:
    """Return what makes a stage another one than that of its record, ``None`` if it is the same."""
    name, after, is_done = f'stage {stage.number}', own['after'], own['status'] == 'done'
    previous = records.get(str(stage.number - 1))
    if own['config'] != stage.path.name:
        return f"{name} is '{own['config']}', not '{stage.path.name}'"
    if load_from is not None and after != load_from:
        return f"{name} started from {after or 'its initialization'}, not from '{load_from}'"
    if previous is not None and after is not None and after.startswith(RUN) and after != previous['run']:
        return f'{name} started from an earlier training of stage {stage.number - 1}'
    changed = [key for key, value in fingerprint(stage.config).items() if own['content'].get(key) != value]
    # What is not done may be made longer; for the rest a resumed training takes what its checkpoint carries.
    changed = [key for key in changed if is_done or key != 'train_cfg']
    return f'{name} was {own["status"]} with another config ({", ".join(changed)})' if changed else None


def _start_fresh(folder: Path, stage: Stage, records: Records, load_from: str | None) -> Start:
    previous = records.get(str(stage.number - 1))
    if load_from is not None:
        if not _is_there(load_from):
            raise StageError(f"--load-from: checkpoint '{load_from}' does not exist")
        return Start(False, False, load_from, load_from)
    if previous is not None:
        checkpoint = last_checkpoint(stage_folder(folder, stage.number - 1))
        if previous['status'] != 'done' or checkpoint is None:
            raise StageError(f'stage {stage.number - 1} is not done: run it before stage {stage.number}')
        return Start(False, False, checkpoint, previous['run'])
    own = stage.config.get('load_from')
    if own is not None and _is_there(own):
        return Start(False, False, own, own)
    if own is not None or stage.number > 1 or _needs_weights(stage.config):
        missing = f", whose checkpoint '{own}' does not exist" if own is not None else ''
        raise StageError(
            f"stage {stage.number}, '{stage.path.name}', builds on an earlier training{missing}: run that first, or "
            'give its checkpoint by --load-from'
        )
    return Start(False, False, None, None)


def _is_there(checkpoint: str) -> bool:
    return '://' in checkpoint or Path(checkpoint).is_file()


def _needs_weights(config: Mapping[str, Any]) -> bool:
    """Return whether a config is a later stage, or trains nothing but networks on a dense part that must be there."""
    head = (config.get('model') or {}).get('head') or {}
    return bool(config.get('previous_stage')) or head.get('train_dense') is False


def begin(records: Records, stage: Stage, start: Start) -> None:
    """Note that a stage begins or goes on; changes ``records``."""
    own = records.get(str(stage.number))
    records[str(stage.number)] = dict(
        config=stage.path.name,
        status='begun',
        run=own['run'] if own is not None and start.resume else f'{RUN}{uuid4().hex[:12]}',
        after=start.after,
        content=fingerprint(stage.config),
    )


def finish(records: Records, stage: Stage, folder: Path) -> str:
    """Note that a stage is done and return its last checkpoint; changes ``records``.

    Raises:
        StageError: if it left no checkpoint.
    """
    where = stage_folder(folder, stage.number)
    checkpoint = last_checkpoint(where)
    if checkpoint is None:
        raise StageError(f'stage {stage.number} left no checkpoint in {where}: its config saves none')
    records[str(stage.number)].update(status='done', checkpoint=checkpoint)
    return checkpoint
