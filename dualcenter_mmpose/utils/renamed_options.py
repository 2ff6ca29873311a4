"""Keyword arguments under the names of the last release: still taken, with a warning that says the new name."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any, Callable, TypeVar, cast

SCALE_OPTIONS = {
    'levels': 'scales',
    'level_weights': 'scale_weights',
    'levels_per_step': 'scales_per_step',
    'level_probabilities': 'scale_probabilities',
}
"""Multi-scale training's options: names of 0.1.0 -> names of today. Also for those who read configs."""

Function = TypeVar('Function', bound=Callable[..., Any])


def rename_options(options: Mapping[str, Any], renamed: Mapping[str, str], owner: str) -> dict[str, Any]:
    """Return options with old names replaced by new ones.

    Args:
        options: as a config or a caller wrote them.
        renamed: old name -> new name.
        owner: whose options they are, for the messages.

    Raises:
        ValueError: if an option is given by its old and its new name.
    """
    result = dict(options)
    for old, new in renamed.items():
        if old not in result:
            continue
        if new in result:
            raise ValueError(f"{owner} was given '{old}' and '{new}', which are one option: leave '{old}' out")
        # A DeprecationWarning would stay unseen: Python shows those only to the code that runs as a script.
        warnings.warn(
            f"{owner}: the option '{old}' is now '{new}'; the old name goes with the next release",
            FutureWarning,
            stacklevel=3,
        )
        result[new] = result.pop(old)
    return result


def accept_old_names(**renamed: str) -> Callable[[Function], Function]:
    """Decorate a function so that it takes keyword arguments by their old names as well.

    Args:
        **renamed: old name -> new name.
    """

    def decorate(function: Function) -> Function:
        owner = function.__qualname__.removesuffix('.__init__')

        @functools.wraps(function)
        def renaming(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **rename_options(kwargs, renamed, owner))

        return cast(Function, renaming)  # the signature is the function's, plus the old names

    return decorate
