"""Regression loss of the displacement fields."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from mmpose.registry import MODELS
from torch import Tensor, nn


def smooth_l1_per_center(output: Tensor, target: Tensor, weights: Tensor, num_centers: int, beta: float) -> Tensor:
    """Return the mean over centers of each center's weighted smooth L1, divided by its supervised entries.

    For one center this is MMPose's ``SoftWeightSmoothL1Loss(supervise_empty=False)``; counting instead of listing the
    supervised entries keeps a GPU from waiting for the host. Averaging over centers lets the loss factor keep the
    meaning it has in DEKR. A center without any supervised entry contributes 0.

    Args:
        output: (B, G * C, H, W) cells.
        target: same shape.
        weights: same shape, 0 where not supervised.
        num_centers: G.
        beta: error in cells at which the loss turns from quadratic to linear.

    Returns:
        A scalar >= 0.
    """
    errors = F.smooth_l1_loss(output, target, reduction='none', beta=beta) * weights
    # (B, G, C, H, W), summed over all but the centers.
    per_center = errors.unflatten(1, (num_centers, -1)).sum(dim=(0, 2, 3, 4))
    counts = (weights > 0).unflatten(1, (num_centers, -1)).sum(dim=(0, 2, 3, 4))
    return (per_center / counts.clamp(min=1)).mean()


@MODELS.register_module()
class PerCenterSmoothL1Loss(nn.Module):
    """Registered form of :func:`smooth_l1_per_center`.

    Args:
        beta: see there; DEKR's 1/9 cell.
        loss_weight: factor; DEKR's 0.03 belongs to sizes measured from the image origin, 0.002 to true diagonals.
    """

    def __init__(self, beta: float = 1 / 9, loss_weight: float = 0.002) -> None:
        super().__init__()
        self.beta = beta
        self.loss_weight = loss_weight

    def forward(self, output: Tensor, target: Tensor, weights: Tensor, num_centers: int) -> Tensor:
        """Return the weighted loss; arguments as in :func:`smooth_l1_per_center`."""
        return self.loss_weight * smooth_l1_per_center(output, target, weights, num_centers, self.beta)
