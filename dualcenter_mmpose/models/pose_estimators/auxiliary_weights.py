"""Weights of auxiliary heads in checkpoints: renamed from the last release, copied from the nominal head where missing.

Pure functions on state dicts; both change the one that they are given, as hooks of ``load_state_dict`` must.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

OLD_KEY, KEY = 'level_', 'scale_'
"""How the keys of auxiliary heads began in 0.1.0, and begin now."""


def rename_auxiliary_heads(state_dict: dict[str, Tensor], prefix: str) -> None:
    """Give auxiliary heads that were saved under the names of 0.1.0 those of today.

    Args:
        state_dict: of a model; changed in place.
        prefix: of the auxiliary heads' keys.
    """
    old = prefix + OLD_KEY
    for name in [name for name in state_dict if name.startswith(old)]:
        state_dict[prefix + KEY + name[len(old) :]] = state_dict.pop(name)


def copy_nominal_head(
    state_dict: dict[str, Tensor], head: str, auxiliary: str, keys: Iterable[str], skipped: str
) -> None:
    """Give auxiliary heads the nominal head's weights when a checkpoint has none for them (plain or DEKR ones).

    Args:
        state_dict: of a model; changed in place.
        head: prefix of the nominal head's keys.
        auxiliary: prefix of the auxiliary heads' keys.
        keys: of the auxiliary heads.
        skipped: names below ``head`` that begin so are the nominal head's alone.
    """
    if any(name.startswith(auxiliary) for name in state_dict):
        return
    names = [name[len(head) :] for name in state_dict if name.startswith(head)]
    for key in keys:
        for name in names:
            if not name.startswith(skipped):
                state_dict[f'{auxiliary}{key}.{name}'] = state_dict[head + name]
