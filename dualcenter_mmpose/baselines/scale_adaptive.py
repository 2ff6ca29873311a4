"""SWAHR's heatmap regression: Gaussians that adapt to an instance's scale, cells that count by how sure they are.

Axis letters: B images, K keypoints, H and W cells. All maps are (B, K, H, W), or broadcast to it.

A Gaussian of another width is a power of the given one, ``gt^(1 / q)`` for a width of ``sqrt(q)`` sigma. With the
network's scale map ``s = 1 / q - 1``, 0 for "as annotated", that is ``gt * exp(s ln gt)``; the exponential is cut after
its second order, which keeps both the target and its gradient bounded wherever the branch wanders.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class AdaptiveLoss(NamedTuple):
    """The two parts of SWAHR's heatmap loss.

    Attributes:
        regression: weighted squared error against the adapted targets.
        penalty: squared scales under the Gaussians; keeps the targets from narrowing to what is easy to predict.
    """

    regression: Tensor
    penalty: Tensor


def adapt_targets(heatmaps: Tensor, scales: Tensor) -> Tensor:
    """Return ``gt * (1 + s ln gt + (s ln gt)^2 / 2)``; 0 where ``gt`` is 0, ``gt`` where ``s`` is 0.

    Args:
        heatmaps: Gaussians ``gt`` in [0, 1].
        scales: ``s``; positive narrows, negative widens.

    Source:
        SWAHR (arXiv 2012.15175), section 3.1.
    """
    logs = torch.where(heatmaps > 0, heatmaps, 1).log()
    steps = scales * logs
    return heatmaps * (1 + steps + steps.square() / 2)


def adapt_weights(predicted: Tensor, heatmaps: Tensor, gamma: float) -> Tensor:
    """Return ``|1 - p| gt^gamma + |p| (1 - gt^gamma)``: easy cells, right already, count little.

    With a small ``gamma`` the power is nearly 1 under a whole Gaussian (0.96 at 3 sigma) and 0 elsewhere.

    Args:
        predicted: heatmaps ``p`` of the network.
        heatmaps: Gaussians ``gt`` in [0, 1].
        gamma: small and positive.

    Source:
        SWAHR (arXiv 2012.15175), section 3.2.
    """
    keypointness = heatmaps.pow(gamma)
    return (1 - predicted).abs() * keypointness + predicted.abs() * (1 - keypointness)


def adaptive_heatmap_loss(
    predicted: Tensor, scales: Tensor, heatmaps: Tensor, valid_mask: Tensor, gamma: float
) -> AdaptiveLoss:
    """Return the loss of one resolution, means over all cells of the batch, computed in the precision of the arguments.

    Gradients reach the prediction through the error and through the weight, and the scales through the targets.

    Args:
        predicted: heatmaps ``p``.
        scales: scale maps ``s``.
        heatmaps: Gaussians ``gt`` in [0, 1].
        valid_mask: (B, 1, H, W), 0 where not supervised.
        gamma: of :func:`adapt_weights`.

    Source:
        SWAHR (arXiv 2012.15175), sections 3.1 and 3.2.
    """
    # Under autocast a power, a logarithm and a sum over a million cells would run at half precision.
    with torch.autocast(predicted.device.type, enabled=False):
        errors = (predicted - adapt_targets(heatmaps, scales)).square()
        weights = adapt_weights(predicted, heatmaps, gamma)
        regression = (weights * errors * valid_mask).mean()
        penalty = (scales.square() * (heatmaps > 0) * valid_mask).mean()
    return AdaptiveLoss(regression, penalty)
