"""A training step with one backward per scale, alone and under DistributedDataParallel."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from mmengine.optim import OptimWrapper
from torch import Tensor

from dualcenter_mmpose.models.pose_estimators.contracts import ScaleTrainer


def run_scales_one_by_one(
    model: Any, estimator: ScaleTrainer, data: Any, optim_wrapper: OptimWrapper
) -> dict[str, Tensor]:
    """Run a training step scale by scale: each scale's activations are gone before the next one's appear.

    Gradients of all scales add up; parameters move once. Works with gradient accumulation, clipping and mixed
    precision, whose logic stays in the optimizer wrapper.

    Args:
        model: what is called: the estimator, or the DistributedDataParallel model around it.
        estimator: the multi-scale estimator.
        data: a batch from the loader.
        optim_wrapper: mmengine's wrapper of one optimizer.

    Returns:
        The losses of all scales and their sum, ``loss``, for the log.
    """
    with optim_wrapper.optim_context(model):
        data = estimator.data_preprocessor(data, True)
    passes = estimator.plan_passes(data['data_samples'])
    totals: list[Tensor] = []
    logged: dict[str, Tensor] = {}
    for scale_pass in passes:
        is_last = scale_pass is passes[-1]
        # Gradients travel between processes once, with the last scale's backward.
        local = nullcontext() if is_last or model is estimator else model.no_sync()
        with local:
            with optim_wrapper.optim_context(model):
                # Through the wrapper's own call, in which DistributedDataParallel arms its reduction of gradients.
                losses = model._run_forward({'inputs': data['inputs'], 'scale_pass': scale_pass}, mode='loss')
            if is_last and model is not estimator:
                # The synchronised backward must reach the heads of the other scales too.
                losses.update(estimator.touch_heads())
            loss, log_vars = estimator.parse_losses(losses)
            if is_last:
                optim_wrapper.update_params(loss)
            else:
                _backward_uncounted(optim_wrapper, loss)
        totals.append(log_vars.pop('loss'))
        logged.update(log_vars)
    return {'loss': sum(totals[1:], totals[0]), **logged}


def _backward_uncounted(optim_wrapper: OptimWrapper, loss: Tensor) -> None:
    """Accumulate a scale's gradients without mmengine counting it as a step of its own."""
    optim_wrapper.backward(optim_wrapper.scale_loss(loss))
    optim_wrapper._inner_count -= 1
