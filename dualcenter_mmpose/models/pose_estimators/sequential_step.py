"""A training step with one backward per level, alone and under DistributedDataParallel."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import nullcontext
from typing import Any

from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor, nn

from dualcenter_mmpose.models.pose_estimators.level_targets import LevelTargets


def run_levels_one_by_one(
    model: nn.Module, estimator: Any, data: Any, optim_wrapper: OptimWrapper
) -> dict[str, Tensor]:
    """Run a training step level by level: each level's activations are gone before the next one's appear.

    Gradients of all levels add up; parameters move once. Works with gradient accumulation, clipping and mixed
    precision, whose logic stays in the optimizer wrapper.

    Args:
        model: what is called: the estimator, or the DistributedDataParallel model around it.
        estimator: the multi-scale estimator.
        data: a batch from the loader.
        optim_wrapper: mmengine's wrapper of one optimizer.

    Returns:
        The losses of all levels and their sum, ``loss``, for the log.
    """
    with optim_wrapper.optim_context(model):
        data = estimator.data_preprocessor(data, True)
    targets = LevelTargets(estimator.head, data['data_samples'], estimator.train_cfg)
    levels = estimator.draw_levels()
    logged: OrderedDict[str, Tensor] = OrderedDict(loss=0)
    for level in levels:
        is_last = level is levels[-1]
        # Gradients travel between processes once, with the last level's backward.
        local = nullcontext() if is_last or not hasattr(model, 'no_sync') else model.no_sync()
        with local, estimator.running_only(level, targets):
            with optim_wrapper.optim_context(model):
                losses = model._run_forward(data, mode='loss')
            if is_last and model is not estimator:
                # The synchronised backward must reach the heads of the other levels too.
                losses.update(estimator.touch_heads())
            loss, log_vars = estimator.parse_losses(losses)
            if is_last:
                optim_wrapper.update_params(loss)
            else:
                _backward_uncounted(optim_wrapper, loss)
        logged['loss'] = logged['loss'] + log_vars.pop('loss')
        logged.update(log_vars)
    return logged


def _backward_uncounted(optim_wrapper: OptimWrapper, loss: Tensor) -> None:
    """Accumulate a level's gradients without mmengine counting it as a step of its own."""
    optim_wrapper.backward(optim_wrapper.scale_loss(loss))
    optim_wrapper._inner_count -= 1


@MODEL_WRAPPERS.register_module()
class MultiScaleDistributedDataParallel(MMDistributedDataParallel):
    """mmengine's DistributedDataParallel with the sequential step of a multi-scale estimator.

    Use ``model_wrapper_cfg = dict(type='MultiScaleDistributedDataParallel')``; any other wrapper would run all
    levels at once.
    """

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Run one training step and return what to log."""
        estimator = self.module
        if not getattr(estimator, 'sequential', False) or len(estimator.levels) == 1:
            return super().train_step(data, optim_wrapper)
        return run_levels_one_by_one(self, estimator, data, optim_wrapper)
