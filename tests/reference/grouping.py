"""Greedy grouping as one would explain it: the oracle of the batched one."""

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
