"""Which configs are the stages of one training: a config names the one before it by ``previous_stage``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple


class StageError(ValueError):
    """A training that cannot be run as asked; the message says why and what to do."""


class Stage(NamedTuple):
    """One stage of a training.

    Attributes:
        number: from 1.
        path: of its config file.
        config: its content; any kind of mapping.
    """

    number: int
    path: Path
    config: Any


def find_stages(paths: Sequence[Path], load: Callable[[Path], Mapping[str, Any]]) -> list[Stage]:
    """Return the stages of a training, first one first.

    Args:
        paths: one config, whose ``previous_stage`` leads back to the first; or several, the stages in order.
        load: returns the content of a config file.

    Raises:
        StageError: for a file that does not exist or cannot be read, or a chain that comes back to itself.
    """
    configs = [(path, load_config(path, load)) for path in paths]
    if len(configs) == 1:
        configs = _follow_back(*configs[0], load)
    return [Stage(number, path, config) for number, (path, config) in enumerate(configs, 1)]


def _follow_back(path: Path, config: Any, load: Callable[[Path], Mapping[str, Any]]) -> list[tuple[Path, Any]]:
    chain = {path.resolve(): config}
    while config.get('previous_stage'):
        # Configs write an absolute path ({{fileDirname}}/...); a relative one is meant from the config's own folder.
        previous = (path.parent / config['previous_stage']).resolve()
        if previous in chain:
            raise StageError(f"previous_stage of '{path}' leads back to '{previous}': the stages form a circle")
        config = load_config(previous, load, f"previous_stage of '{path}'")
        chain[previous] = config
        path = previous
    return list(reversed(chain.items()))


def load_config(path: Path, load: Callable[[Path], Mapping[str, Any]], named_by: str = 'the command line') -> Any:
    """Return what ``load`` makes of a config file.

    Raises:
        StageError: if it does not exist or cannot be read.
    """
    if not path.is_file():
        raise StageError(f"config '{path}', named by {named_by}, does not exist")
    try:
        return load(path)
    except Exception as error:  # a config is a program: anything can go wrong in it
        raise StageError(
            f"config '{path}', named by {named_by}, cannot be read: {type(error).__name__}: {error}"
        ) from error


def pick_stages(stages: Sequence[Stage], numbers: Sequence[int] | None) -> list[Stage]:
    """Return the stages with some numbers, in order; all by default.

    Raises:
        StageError: for a number that no stage has.
    """
    unknown = sorted(set(numbers or ()) - {stage.number for stage in stages})
    if unknown:
        names = ', '.join(f'{stage.number} ({stage.path.name})' for stage in stages)
        raise StageError(f'--stages {unknown}: the stages are {names}')
    return [stage for stage in stages if numbers is None or stage.number in numbers]
