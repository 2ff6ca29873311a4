"""What torch needs to know to load the checkpoints of mmengine's runner with `weights_only=True`.

Since torch 2.6 that is the default, and a global that is not registered as safe is refused. The
runner writes a few: its log buffers, numpy scalars and arrays in the log and in `dataset_meta`, and
the rule of a one-cycle schedule. Only these are registered, under the names of numpy 1 and of
numpy 2, so that a checkpoint of one loads under the other. No code from a checkpoint is ever run.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable
from typing import Any, Union

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from packaging.version import Version

SafeGlobal = Union[Callable[..., Any], tuple[Callable[..., Any], str]]

NUMPY_FOLDERS = ('numpy.core.multiarray', 'numpy._core.multiarray')
NUMPY_FUNCTIONS = ('_reconstruct', 'scalar')
# Neither objects nor structured types: their pickled state may forge addresses.
NUMPY_TYPES = (
    *('bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'),
    *('float16', 'float32', 'float64', 'complex64', 'complex128', 'str', 'bytes'),
)
# The methods that a checkpoint refers to by name, for each class.
SAVED_METHODS: dict[type, tuple[str, ...]] = {
    HistoryBuffer: ('min', 'max', 'mean', 'current'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def register_safe_globals() -> None:
    """Register the globals of mmengine's checkpoints with torch; again is the same as once.

    Torch before 2.6 needs none of them: there the call changes nothing.
    """
    if needs_safe_globals(torch.__version__):
        torch.serialization.add_safe_globals(safe_globals())


def needs_safe_globals(version: str) -> bool:
    """Return whether a torch of this version refuses unregistered globals by default."""
    # A candidate of 2.6 refuses them, too, and comes before 2.6 itself.
    return Version(version).release >= (2, 6)


def safe_globals() -> list[SafeGlobal]:
    """Return the globals, alone or as (global, its name in the checkpoint)."""
    return [
        *SAVED_METHODS,
        (saved_method, 'builtins.getattr'),
        np.ndarray,
        np.dtype,
        *dtype_classes(),
        *numpy_functions(),
    ]


def dtype_classes() -> list[type]:
    """Return the classes of the plain numpy data types, each once."""
    return list(dict.fromkeys(type(np.dtype(name)) for name in NUMPY_TYPES))


def numpy_functions() -> list[tuple[Callable[..., Any], str]]:
    """Return what rebuilds arrays and scalars, under the names of numpy 1 and of numpy 2."""
    here = NUMPY_FOLDERS[Version(np.__version__).major >= 2]
    module = importlib.import_module(here)
    return [(getattr(module, name), f'{folder}.{name}') for folder in NUMPY_FOLDERS for name in NUMPY_FUNCTIONS]


def saved_method(owner: type, name: str) -> Callable[..., Any]:
    """Return the method that a checkpoint refers to, one of `SAVED_METHODS`.

    A pickle refers to a method through `getattr`. This stands in for it: the real one would hand a
    forged checkpoint any attribute of any registered object.

    Raises:
        pickle.UnpicklingError: Anything else is asked for.
    """
    known = SAVED_METHODS.get(owner, ()) if isinstance(owner, type) else ()
    if name not in known:
        allowed = ', '.join(f'{c.__name__}.{m}' for c, names in SAVED_METHODS.items() for m in names)
        received = f'{getattr(owner, "__name__", type(owner).__name__)}.{name}'
        raise pickle.UnpicklingError(f'a checkpoint may refer to {allowed} only, received {received}')
    method: Callable[..., Any] = getattr(owner, name)
    return method
