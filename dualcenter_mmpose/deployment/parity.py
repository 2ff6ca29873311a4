"""Differences between two runs of the same model.

Axis letters: B images, N instance slots, K keypoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

Outputs = Mapping[str, np.ndarray]
"""Outputs of :class:`~dualcenter_mmpose.deployment.deploy_model.DeployModel` as arrays, by name."""


class Parity(NamedTuple):
    """The difference between two runs.

    Attributes:
        num_people: instances that were compared.
        keypoints: largest difference of a coordinate, input px.
        keypoint_scores: largest difference of a keypoint's score.
        scores: largest difference of an instance score.
        num_unequal: images in which the two runs do not have the same number of instances; these are compared by what
            they have in common.
    """

    num_people: int = 0
    keypoints: float = 0.0
    keypoint_scores: float = 0.0
    scores: float = 0.0
    num_unequal: int = 0


def compare(expected: Outputs, received: Outputs) -> Parity:
    """Return the difference of two runs on the same images, slot by slot: order counts.

    Args:
        expected: of B images.
        received: likewise.
    """
    counts = np.stack([expected['num_people'], received['num_people']])
    slots = np.arange(expected['scores'].shape[1])
    # Slots that both runs fill: with 3 and 2 instances in an image, its first two.
    both = slots < counts.min(axis=0)[:, None]

    def largest(name: str) -> float:
        return float(np.abs(expected[name] - received[name])[both].max(initial=0.0))

    return Parity(
        num_people=int(both.sum()),
        keypoints=largest('keypoints'),
        keypoint_scores=largest('keypoint_scores'),
        scores=largest('scores'),
        num_unequal=int((counts[0] != counts[1]).sum()),
    )


def join(parities: Iterable[Parity]) -> Parity:
    """Return the difference over several comparisons: counts added, the largest of the differences."""
    parts = list(parities)
    if not parts:
        return Parity()
    return Parity(
        num_people=sum(p.num_people for p in parts),
        keypoints=max(p.keypoints for p in parts),
        keypoint_scores=max(p.keypoint_scores for p in parts),
        scores=max(p.scores for p in parts),
        num_unequal=sum(p.num_unequal for p in parts),
    )
