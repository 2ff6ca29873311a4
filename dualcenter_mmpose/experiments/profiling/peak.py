"""The most memory that tensors made by a computation take at one time."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Callable

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveStorages(TorchDispatchMode):
    """Follow the storages of all tensors that operations return while the mode is on.

    Attributes:
        peak: most bytes alive at one time. Working space inside an operation is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.peak = self._now = 0
        self._holders: dict[int, int] = {}

    def __torch_dispatch__(  # noqa: D105
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        inputs = {_address(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            # A view of a tensor from outside belongs to the caller.
            if isinstance(leaf, torch.Tensor) and (_address(leaf) not in inputs or _address(leaf) in self._holders):
                self._hold(leaf)
        return out

    def _hold(self, tensor: torch.Tensor) -> None:
        address, size = _address(tensor), tensor.untyped_storage().nbytes()
        if not size:
            return
        if address not in self._holders:
            self._holders[address] = 0
            self._now += size
            self.peak = max(self.peak, self._now)
        self._holders[address] += 1
        weakref.finalize(tensor, self._release, address, size)

    def _release(self, address: int, size: int) -> None:
        self._holders[address] -= 1
        if not self._holders[address]:
            del self._holders[address]
            self._now -= size


def _address(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage().data_ptr())


def peak_bytes(run: Callable[[], Any]) -> int:
    """Return the most bytes that the tensors made by ``run`` took at one time, its result included."""
    gc.collect()
    with LiveStorages() as mode:
        run()
    return mode.peak
