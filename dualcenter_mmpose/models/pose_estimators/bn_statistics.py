"""BatchNorm's running statistics, kept from the scales that are not tested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def frozen_bn_statistics(module: nn.Module, freeze: bool = True) -> Iterator[None]:
    """Keep BatchNorm from updating its running statistics; it still normalises by those of the batch.

    Statistics from three scales would be a mixture that fits none of them, the test's least of all.

    Args:
        module: whose BatchNorm layers are meant, SyncBatchNorm included.
        freeze: ``False`` does nothing.
    """
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats and freeze]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
