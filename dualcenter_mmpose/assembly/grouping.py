"""Grouping: which candidates are the same instance, and the one pose that stands for them.

Axis letters: B images, G center groups, M candidates, N predicted instances, K keypoints. Everything is batched over
images on the tensors' device with shapes that do not depend on the content, so nothing here waits for the host.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dualcenter_mmpose.types import Candidates, Groups, PredictedInstances

INSTANCE_SCORES = ('confidence', 'confidence*kpt_mean', 'center', 'center_mean', 'center*kpt_mean')


def _by_rank(similarity: Tensor, scores: Tensor, valid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the candidates' order by falling score, and similarity and validity in that order."""
    # Below any score, so that candidates that do not count come last; stable, for the same groups on every device.
    order = scores.masked_fill(~valid, -1.0).argsort(dim=1, descending=True, stable=True)
    ranked = similarity.gather(1, order[..., None].expand_as(similarity))
    ranked = ranked.gather(2, order[:, None].expand_as(similarity))  # rows, then columns by rank
    return order, ranked, valid.gather(1, order)


def _to_groups(order: Tensor, owners: Tensor, is_rep: Tensor) -> Groups:
    """Return groups in the candidates' own order, given each rank's owner rank."""
    # Rank r is candidate order[r]. Scores 0.2, 0.9 give the order 1, 0; if rank 0 owns both ranks, both candidates get
    # the representative order[0] = 1.
    representatives = torch.empty_like(order).scatter_(1, order, order.gather(1, owners))
    is_representative = torch.empty_like(is_rep).scatter_(1, order, is_rep)
    return Groups(representatives=representatives, is_representative=is_representative)


def group_greedily(similarity: Tensor, scores: Tensor, valid: Tensor, threshold: float) -> Groups:
    """Return groups built from the best candidate down.

    The highest score becomes a representative and absorbs every remaining candidate whose similarity to it exceeds the
    threshold; repeat. Unchanged under permutation of the candidates when scores are distinct.

    Args:
        similarity: (B, M, M).
        scores: (B, M).
        valid: (B, M) bool.
        threshold: similarity that must be exceeded; 1 keeps all candidates apart, a negative value keeps one.
    """
    order, ranked, ranked_valid = _by_rank(similarity, scores, valid)
    both_valid = ranked_valid[:, :, None] & ranked_valid[:, None, :]
    absorbs = (ranked > threshold).triu(diagonal=1) & both_valid  # [b, better, worse]

    # Example: scores 0.9, 0.8, 0.7; rank 1 is similar to both others, which are not similar to each other. Rank 0
    # absorbs 1; absorbed, rank 1 absorbs nothing, so 2 stays: two instances. (Connected components would give one.)
    # One rank a round: M rows of M, where a comparison of all pairs each round would be M times as much.
    is_rep = ranked_valid
    for rank, absorbed in enumerate(absorbs.unbind(dim=1)):
        is_rep = is_rep & ~(absorbed & is_rep[:, rank, None])

    # The first representative that absorbs a candidate owns it; argmax of a 0/1 array is its first 1.
    # Rank 3 that ranks 0 and 2 both absorb belongs to 0, the better one, even if it is more similar to 2.
    owners = (absorbs & is_rep[:, :, None]).to(torch.uint8).argmax(dim=1)  # (B, M)
    ranks = torch.arange(scores.shape[1], device=scores.device).expand_as(owners)
    owners = torch.where(is_rep | ~ranked_valid, ranks, owners)  # these own themselves; their argmax means nothing
    return _to_groups(order, owners, is_rep)


def group_connected(similarity: Tensor, scores: Tensor, valid: Tensor, threshold: float) -> Groups:
    """Return the connected components of similar candidates; the best of each represents it.

    A pose between two instances chains them together, which is why :func:`group_greedily` is the default.

    Args:
        similarity: (B, M, M), symmetric.
        scores: (B, M).
        valid: (B, M) bool.
        threshold: similarity that must be exceeded.
    """
    order, ranked, ranked_valid = _by_rank(similarity, scores, valid)
    num_candidates = scores.shape[1]
    linked = (ranked > threshold) & ranked_valid[:, :, None] & ranked_valid[:, None, :]
    linked = linked | torch.eye(num_candidates, dtype=torch.bool, device=scores.device)
    for _ in range(max(num_candidates - 1, 1).bit_length()):  # paths double in length each time
        linked = (linked.float() @ linked.float()) > 0
    owners = linked.to(torch.uint8).argmax(dim=2)  # the best rank that can be reached
    ranks = torch.arange(num_candidates, device=scores.device)
    return _to_groups(order, owners, ranked_valid & (owners == ranks))


GROUPINGS = {'greedy': group_greedily, 'components': group_connected}


def merge_groups(keypoints: Tensor, weights: Tensor, valid: Tensor, groups: Groups) -> Tensor:
    """Return, for every representative, the weighted mean of its group's poses, keypoint by keypoint.

    Members agree about an instance up to independent errors; their mean has less of them than any one. What is not a
    representative keeps its own pose.

    Args:
        keypoints: (B, M, K, 2).
        weights: (B, M, K) >= 0, such as confidence times heatmap value.
        valid: (B, M) bool.
        groups: the groups.
    """
    weights = (weights.clamp(min=1e-6) * valid[..., None])[..., None]  # (B, M, K, 1)
    index = groups.representatives[..., None, None]
    totals = torch.zeros_like(weights).scatter_add(1, index.expand_as(weights), weights)
    sums = torch.zeros_like(keypoints).scatter_add(1, index.expand_as(keypoints), keypoints * weights)
    # Example: x = 10 with weight 0.9 and x = 14 with 0.3 give (9 + 4.2) / 1.2 = 11.
    merged = sums / totals.clamp(min=1e-6)
    return torch.where(groups.is_representative[..., None, None], merged, keypoints)


def group_center_scores(candidates: Candidates, groups: Groups, num_centers: int) -> Tensor:
    """Return, for every candidate as if it were a representative, its group's best score per center.

    Returns:
        (B, M, G); 0 where the group has no member of that center.
    """
    num_images, num_candidates = candidates.scores.shape
    best = candidates.scores.new_zeros(num_images, num_candidates * num_centers)
    # A slot for each pair of representative and center: with G = 2, a body (center 1) of group 3 goes to slot 7.
    slots = groups.representatives * num_centers + candidates.center_ids
    best = best.scatter_reduce(1, slots, candidates.scores, 'amax')
    return best.reshape(num_images, num_candidates, num_centers)


def score_instances(
    candidates: Candidates,
    groups: Groups,
    keypoint_scores: Tensor,
    num_centers: int,
    mode: str,
    confidences: Tensor | None = None,
) -> Tensor:
    """Return the instance score of every candidate as if it were a representative.

    Args:
        candidates: the candidates.
        groups: their groups.
        keypoint_scores: (B, M, K) in [0, 1].
        num_centers: G.
        mode: ``'confidence'``, the confidence network's; ``'confidence*kpt_mean'``, times the mean keypoint score;
            ``'center'``, the representative's own center score; ``'center_mean'``, the mean of the centers' best
            scores, the own one if alone (Table 6, "+ two centers"); ``'center*kpt_mean'``, center score times mean
            keypoint score (DEKR). These scores are heatmap values.
        confidences: (B, M) of the confidence network, where there is one.

    Returns:
        (B, M) in [0, 1].

    Raises:
        ValueError: for an unknown mode, or one that needs confidences without any.
    """
    if mode in ('confidence', 'confidence*kpt_mean'):
        if confidences is None:
            raise ValueError(f"instance_score '{mode}' needs a confidence network; give the head pose_nets.confidence")
        return confidences if mode == 'confidence' else confidences * keypoint_scores.mean(dim=-1)
    if mode == 'center':
        return candidates.scores
    if mode == 'center*kpt_mean':
        return candidates.scores * keypoint_scores.mean(dim=-1)
    if mode == 'center_mean':
        per_center = group_center_scores(candidates, groups, num_centers)
        # Over the centers that were found: a head of 0.8 and a body of 0.6 give 0.7, the head alone 0.8.
        return per_center.sum(dim=-1) / (per_center > 0).sum(dim=-1).clamp(min=1)
    raise ValueError(f"instance_score must be one of {INSTANCE_SCORES}, got '{mode}'")


def pick_instances(
    keypoints: Tensor, keypoint_scores: Tensor, scores: Tensor, groups: Groups, max_people: int
) -> PredictedInstances:
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
    valid = best >= 0  # not > 0: a confidence may be 0, and -1 marks what is no instance
    num_keypoints = keypoints.shape[2]
    return PredictedInstances(
        keypoints=keypoints.gather(1, picked[..., None, None].expand(-1, -1, num_keypoints, 2)),
        keypoint_scores=keypoint_scores.gather(1, picked[..., None].expand(-1, -1, num_keypoints)),
        scores=best.clamp(min=0),
        valid=valid,
    )
