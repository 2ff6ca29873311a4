"""``MultiScaleDistributedDataParallel``: the sequential step on several processes."""

from __future__ import annotations

from typing import Any

from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor

from dualcenter_mmpose.models.pose_estimators.multi_scale_training import MultiScaleTraining
from dualcenter_mmpose.models.pose_estimators.sequential_step import run_scales_one_by_one


@MODEL_WRAPPERS.register_module()
class MultiScaleDistributedDataParallel(MMDistributedDataParallel):
    """mmengine's DistributedDataParallel with the sequential step of a multi-scale estimator.

    Use ``model_wrapper_cfg = dict(type='MultiScaleDistributedDataParallel')``; any other wrapper would run all
    scales at once.
    """

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Run one training step and return what to log."""
        estimator = self.module
        if not isinstance(estimator, MultiScaleTraining) or not estimator.runs_scales_one_by_one:
            return super().train_step(data, optim_wrapper)
        return run_scales_one_by_one(self, estimator, data, optim_wrapper)
