"""The most memory that a computation takes at one time: all its tensors, those that autograd keeps, or the process."""

from __future__ import annotations

import gc
import resource
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class StorageMeter:
    """Sum of the bytes of storages that somebody holds; a storage of several tensors counts once.

    Attributes:
        now: bytes.
        peak: most bytes at one time.
    """

    def __init__(self) -> None:
        self.now = self.peak = 0
        self._holders: dict[int, int] = {}

    def holds(self, tensor: torch.Tensor) -> bool:
        """Return whether the storage of a tensor is counted now."""
        return _address(tensor) in self._holders

    def hold(self, tensor: torch.Tensor, holder: object) -> None:
        """Count the storage of a tensor until ``holder`` is gone."""
        address, size = _address(tensor), tensor.untyped_storage().nbytes()
        if not size:
            return
        if address not in self._holders:
            self._holders[address] = 0
            self.now += size
            self.peak = max(self.peak, self.now)
        self._holders[address] += 1
        weakref.finalize(holder, self._release, address, size)

    def _release(self, address: int, size: int) -> None:
        self._holders[address] -= 1
        if not self._holders[address]:
            del self._holders[address]
            self.now -= size


class LiveStorages(TorchDispatchMode):
    """Mode that follows the storages of all tensors that operations return while it is on.

    Attributes:
        meter: its peak is the most bytes alive at one time. Working space inside an operation is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.meter = StorageMeter()

    def __torch_dispatch__(  # noqa: D105
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        inputs = {_address(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)}
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            # A view of a tensor from outside belongs to the caller.
            if isinstance(leaf, torch.Tensor) and (_address(leaf) not in inputs or self.meter.holds(leaf)):
                self.meter.hold(leaf, leaf)
        return out


class _Kept:
    """A tensor that autograd keeps for the backward pass, as an object that lives no longer than that."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


def _address(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage().data_ptr())


def peak_bytes(run: Callable[[], Any]) -> int:
    """Return the most bytes that the tensors made by ``run`` took at one time, its result included."""
    gc.collect()
    with LiveStorages() as mode:
        run()
    return mode.meter.peak


def peak_kept_bytes(run: Callable[[], Any], model: nn.Module) -> int:
    """Return the most bytes that autograd kept at one time while ``run`` ran, the model's own weights left out."""
    gc.collect()
    meter = StorageMeter()
    own = {_address(value) for value in (*model.parameters(), *model.buffers())}

    def pack(tensor: torch.Tensor) -> Any:
        if _address(tensor) in own:
            return tensor
        kept = _Kept(tensor)
        meter.hold(tensor, kept)
        return kept

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor if isinstance(kept, _Kept) else kept):
        run()
    return meter.peak


def peak_mib(model: nn.Module, run: Callable[[], Any]) -> float:
    """Return the most memory that tensors take beside the weights while ``run`` runs, MiB.

    Args:
        model: tells the device.
        run: computation; on CUDA it is run twice.
    """
    if next(model.parameters()).is_cuda:
        run()  # what is allocated once and for all must not count
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    return peak_bytes(run) / 2**20


def process_peak_mib() -> float:
    """Return the most memory that this process has held, MiB."""
    status = Path('/proc/self/status')
    if status.exists():
        # Not getrusage: on Linux its figure starts with that of the process that started this one.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith('VmHWM'))
        return int(line.split()[1]) / 2**10
    scale = 1 if sys.platform == 'darwin' else 2**10  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20
