"""Grouping and merging as one would explain them: the oracles of the batched ones."""

from __future__ import annotations


def group_greedily(similarity, scores, valid, threshold):
    """Return each candidate's representative; itself where not valid."""
    owner = list(range(len(scores)))
    remaining = [i for i in sorted(range(len(scores)), key=lambda i: -scores[i]) if valid[i]]
    while remaining:
        best, *others = remaining
        remaining = []
        for other in others:
            if similarity[best][other] > threshold:
                owner[other] = best
            else:
                remaining.append(other)
    return owner


def group_connected(similarity, scores, valid, threshold):
    """Return each candidate's representative, the best of all that a walk over similar ones reaches."""
    owner = list(range(len(scores)))
    unseen = {i for i in range(len(scores)) if valid[i]}
    while unseen:
        reached, edge = set(), {unseen.pop()}
        while edge:
            here = edge.pop()
            reached.add(here)
            neighbours = {i for i in unseen if similarity[here][i] > threshold}
            unseen -= neighbours
            edge |= neighbours
        best = max(reached, key=lambda i: scores[i])
        for i in reached:
            owner[i] = best
    return owner


def merge_groups(keypoints, weights, valid, owner):
    """Return the weighted mean pose of each representative's group; a pose's own where it represents nobody else."""
    merged = [[list(point) for point in pose] for pose in keypoints]
    for rep in range(len(keypoints)):
        members = [i for i in range(len(keypoints)) if valid[i] and owner[i] == rep]
        if not members:
            continue
        for k in range(len(keypoints[rep])):
            total = sum(weights[i][k] for i in members)
            merged[rep][k] = [sum(weights[i][k] * keypoints[i][k][axis] for i in members) / total for axis in (0, 1)]
    return merged
