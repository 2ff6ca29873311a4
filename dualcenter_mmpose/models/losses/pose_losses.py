"""Losses of the three pose-level networks: pure functions of tensors, finite with no instance, one or all.

Axis letters: B images, M candidates, K keypoints, E embedding size. Sums over masks and counts take the place of
picking entries, so that shapes do not depend on the content and a GPU never waits for the host.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of the values where the mask is set, 0 without any."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def similarity_loss(embeddings: Tensor, identities: Tensor, positions: Tensor, num_near: int = 8) -> Tensor:
    """Return the cosine-embedding loss of pose pairs, margin 0.

    1 - cos for pairs of one instance, max(0, cos) for pairs of two, each averaged over its own kind, then summed. Not
    the square distance to -1: among n unit vectors the mean cosine cannot fall below -1 / (n - 1).

    Args:
        embeddings: (B, M, E) of length 1.
        identities: (B, M) index of the ground-truth instance; -1 takes no part.
        positions: (B, M, 2) where the pose is; only the ``num_near`` nearest candidates of other instances make
            negative pairs, because the spatial term of the similarity makes distant ones irrelevant.
        num_near: see above.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.2 (labels 1 and -1).
    """
    num_candidates = identities.shape[1]
    cosines = embeddings @ embeddings.transpose(1, 2)
    is_matched = identities >= 0
    both = is_matched[:, :, None] & is_matched[:, None, :]  # (B, M, M), as are all pairs below
    same = identities[:, :, None] == identities[:, None, :]
    once = torch.ones_like(same[0]).triu(diagonal=1)  # (M, M): a pair counts in one order only

    distances = torch.cdist(positions.float(), positions.float())
    distances = distances.masked_fill(~(both & ~same), math.inf)
    nearest = distances.topk(min(num_near, num_candidates), dim=2, largest=False)
    # Rows with fewer other instances than `num_near` are filled with infinite distances, which stay out.
    is_near = torch.zeros_like(same).scatter(2, nearest.indices, torch.isfinite(nearest.values))
    is_near = is_near | is_near.transpose(1, 2)

    positive = _masked_mean(1 - cosines, both & same & once)
    negative = _masked_mean(cosines.clamp(min=0), is_near & once)
    return positive + negative


def confidence_loss(confidences: Tensor, oks: Tensor, is_supervised: Tensor) -> Tensor:
    """Return the mean squared error between confidence and OKS over the candidates whose OKS is known.

    Args:
        confidences: (B, M) in [0, 1].
        oks: (B, M) in [0, 1].
        is_supervised: (B, M) bool.

    Source:
        Dual anatomical centers (arXiv 2208.11975), Eq. 2.
    """
    return _masked_mean((confidences - oks).square(), is_supervised)


def refinement_loss(
    residuals: Tensor, keypoints: Tensor, targets: Tensor, labelled: Tensor, is_matched: Tensor, units: Tensor
) -> Tensor:
    """Return the mean squared error of residuals over the labelled keypoints of candidates that match an instance.

    Args:
        residuals: (B, M, K, 2) predicted, in units of ``units`` cells.
        keypoints: (B, M, K, 2) cells, the candidates.
        targets: (B, M, K, 2) cells, keypoints of each candidate's ground-truth instance.
        labelled: (B, M, K) bool.
        is_matched: (B, M) bool.
        units: (B, M, 1, 1) cells: the candidates' diagonals, or the size of a pixel for Eq. 3 to the letter.

    Source:
        Dual anatomical centers (arXiv 2208.11975), Eq. 3.
    """
    mask = (labelled & is_matched[..., None])[..., None].expand_as(residuals)  # (B, M, K, 2)
    wanted = torch.where(mask, targets - keypoints, keypoints.new_zeros(())) / units
    return _masked_mean((residuals - wanted).square(), mask)
