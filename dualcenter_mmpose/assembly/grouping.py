"""Grouping: which candidates are the same person, and the one pose that stands for them.

Axis letters: B images, G center groups, M candidates, N persons, K keypoints. Everything is batched over images on the
tensors' device with shapes that do not depend on the content, so nothing here waits for the host.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dualcenter_mmpose.assembly.types import Candidates, Groups, People

INSTANCE_SCORES = ('center', 'center_mean', 'center*kpt_mean')


def group_greedily(similarity: Tensor, scores: Tensor, valid: Tensor, threshold: float) -> Groups:
    """Return groups built from the best candidate down.

    The highest score becomes a representative and absorbs every remaining candidate whose similarity to it exceeds the
    threshold; repeat. Unchanged under permutation of the candidates when scores are distinct.

    A candidate is a representative exactly if no better representative is similar to it. Iterating that rule from
    "all are" fixes at least one more rank each time, so M rounds suffice, without any question to the host.

    Args:
        similarity: (B, M, M).
        scores: (B, M).
        valid: (B, M) bool.
        threshold: similarity that must be exceeded; 1 keeps all candidates apart, a negative value keeps one.
    """
    order = scores.masked_fill(~valid, -1.0).argsort(dim=1, descending=True, stable=True)
    by_rank = similarity.gather(1, order[..., None].expand_as(similarity))
    by_rank = by_rank.gather(2, order[:, None].expand_as(similarity))
    ranked_valid = valid.gather(1, order)
    both_valid = ranked_valid[:, :, None] & ranked_valid[:, None, :]
    absorbs = (by_rank > threshold).triu(diagonal=1) & both_valid  # [b, better, worse]

    is_rep = ranked_valid
    for _ in range(scores.shape[1]):
        is_rep = ranked_valid & ~(absorbs & is_rep[:, :, None]).any(dim=1)

    # The first representative that absorbs a candidate owns it; argmax of a 0/1 array is its first 1.
    owners = (absorbs & is_rep[:, :, None]).to(torch.uint8).argmax(dim=1)
    ranks = torch.arange(scores.shape[1], device=scores.device).expand_as(owners)
    owners = torch.where(is_rep | ~ranked_valid, ranks, owners)

    representatives = torch.empty_like(order).scatter_(1, order, order.gather(1, owners))
    is_representative = torch.empty_like(is_rep).scatter_(1, order, is_rep)
    return Groups(representatives=representatives, is_representative=is_representative)


def group_center_scores(candidates: Candidates, groups: Groups, num_centers: int) -> Tensor:
    """Return, for every candidate as if it were a representative, its group's best score per center.

    Returns:
        (B, M, G); 0 where the group has no member of that center.
    """
    num_images, num_candidates = candidates.scores.shape
    best = candidates.scores.new_zeros(num_images, num_candidates * num_centers)
    slots = groups.representatives * num_centers + candidates.center_ids
    best = best.scatter_reduce(1, slots, candidates.scores, 'amax')
    return best.reshape(num_images, num_candidates, num_centers)


def score_instances(
    candidates: Candidates, groups: Groups, keypoint_scores: Tensor, num_centers: int, mode: str
) -> Tensor:
    """Return the instance score of every candidate as if it were a representative.

    Args:
        candidates: the candidates.
        groups: their groups.
        keypoint_scores: (B, M, K) in [0, 1].
        num_centers: G.
        mode: ``'center'``, the representative's own center heat; ``'center_mean'``, the mean of the centers' best
            heat, the own one if alone (Table 6, "+ two centers"); ``'center*kpt_mean'``, center heat times mean
            keypoint heat (DEKR).

    Returns:
        (B, M) in [0, 1].

    Raises:
        ValueError: for an unknown mode.
    """
    if mode == 'center':
        return candidates.scores
    if mode == 'center*kpt_mean':
        return candidates.scores * keypoint_scores.mean(dim=-1)
    if mode == 'center_mean':
        per_center = group_center_scores(candidates, groups, num_centers)
        return per_center.sum(dim=-1) / (per_center > 0).sum(dim=-1).clamp(min=1)
    raise ValueError(f"instance_score must be one of {INSTANCE_SCORES}, got '{mode}'")


def pick_people(keypoints: Tensor, keypoint_scores: Tensor, scores: Tensor, groups: Groups, max_people: int) -> People:
    """Return the representatives with the highest scores.

    Args:
        keypoints: (B, M, K, 2).
        keypoint_scores: (B, M, K).
        scores: (B, M) instance scores.
        groups: the groups.
        max_people: N is min(max_people, M).
    """
    ranked = scores.masked_fill(~groups.is_representative, -1.0)
    best, picked = ranked.topk(min(max_people, ranked.shape[1]), dim=1)
    valid = best >= 0
    num_keypoints = keypoints.shape[2]
    return People(
        keypoints=keypoints.gather(1, picked[..., None, None].expand(-1, -1, num_keypoints, 2)),
        keypoint_scores=keypoint_scores.gather(1, picked[..., None].expand(-1, -1, num_keypoints)),
        scores=best.clamp(min=0),
        valid=valid,
    )
