"""Old names of arguments and keys, which keep working for one release with a warning that names the new one."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

Function = TypeVar('Function', bound=Callable[..., Any])


def rename_keys(given: Mapping[str, Any], renames: Mapping[str, str], where: str) -> dict[str, Any]:
    """Settings with old keys replaced by new ones.

    Args:
        given: settings as a user wrote them.
        renames: old key -> new key.
        where: what takes the settings, for messages.

    Raises:
        ValueError: if a setting is given under both names.
    """
    renamed = dict(given)
    for old, new in renames.items():
        if old not in renamed:
            continue
        if new in renamed:
            raise ValueError(f"{where} got '{new}' and its old name '{old}': give '{new}' alone")
        # Users see a FutureWarning by default; a DeprecationWarning raised in here they would not.
        warnings.warn(f"{where}: '{old}' is now called '{new}'; the old name goes in 0.3", FutureWarning, stacklevel=3)
        renamed[new] = renamed.pop(old)
    return renamed


def renamed_arguments(**renames: str) -> Callable[[Function], Function]:
    """Decorator of a constructor that still takes keyword arguments by their old names.

    Args:
        renames: old name = new name.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return function(self, *args, **rename_keys(kwargs, renames, type(self).__name__))

        return call  # type: ignore[return-value]  # wraps() keeps the signature

    return decorate
