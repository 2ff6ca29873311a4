"""Associative embedding: the tags of an instance are pulled together, the instances of an image pushed apart.

Axis letters: B images, N instances (padded), K keypoints, H and W cells.

MMPose has this loss as ``AssociativeEmbeddingLoss``, which asks the device about every keypoint of every instance by
itself. Here a batch is a handful of operations.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dualcenter_mmpose.baselines.resolution_targets import TagPlaces


def tag_losses(tags: Tensor, places: TagPlaces) -> tuple[Tensor, Tensor]:
    """Return the pull and the push loss, each a mean over the images.

    With h_n the mean tag of instance n over its keypoints k, and N instances in an image:
    pull = mean over n of the mean over k of (h_nk - h_n)^2;
    push = 1/2 of the mean over pairs n != m of exp(-(h_n - h_m)^2), 0 for fewer than two instances.

    MMPose's class gives the sum over the images, and counts each instance as a pair with itself: the same gradients
    times B, and a push loss that is higher by 1 / (2 (N - 1)).

    Args:
        tags: (B, K, H, W) float.
        places: where the annotated keypoints are.

    Source:
        Associative Embedding (arXiv 1611.05424), section 3.2, as HigherHRNet takes it over.
    """
    # Cells in a row, read per keypoint, instances first again: (B, K, H * W) -> (B, K, N) -> (B, N, K).
    read = tags.flatten(2).gather(2, places.indices.transpose(1, 2)).transpose(1, 2)
    valid = places.valid.to(read.dtype)
    counts = valid.sum(dim=-1)  # (B, N), as are means and spreads
    present = (counts > 0).to(read.dtype)
    means = (read * valid).sum(dim=-1) / counts.clamp(min=1)
    spreads = ((read - means[..., None]).square() * valid).sum(dim=-1) / counts.clamp(min=1)
    num_instances = present.sum(dim=-1)
    pull = spreads.sum(dim=-1) / num_instances.clamp(min=1)

    others = 1 - torch.eye(present.shape[1], dtype=read.dtype, device=read.device)
    pairs = present[:, :, None] * present[:, None] * others  # (B, N, N)
    closeness = torch.exp(-(means[:, :, None] - means[:, None]).square()) * pairs
    push = closeness.sum(dim=(1, 2)) / (num_instances * (num_instances - 1)).clamp(min=1)
    return pull.mean(), 0.5 * push.mean()
