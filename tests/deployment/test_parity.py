"""The difference between two runs."""

from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.deployment.parity import Parity, compare, join


def outputs(counts: list[int], seed: int = 0) -> dict[str, np.ndarray]:
    """Return the outputs of a run with 3 slots and 2 keypoints an image."""
    rng = np.random.default_rng(seed)
    num = len(counts)
    return dict(
        keypoints=rng.random((num, 3, 2, 2)),
        keypoint_scores=rng.random((num, 3, 2)),
        scores=rng.random((num, 3)),
        boxes=rng.random((num, 3, 4)),
        num_people=np.array(counts),
    )


class TestCompare:
    """Law: the largest difference over the instances that both have."""

    def test_nobody(self):
        """What stands in empty slots does not count."""
        assert compare(outputs([0, 0]), outputs([0, 0], seed=1)) == Parity()

    def test_same(self):
        """A run equals itself: 2 + 3 instances, no difference."""
        assert compare(outputs([2, 3]), outputs([2, 3])) == Parity(num_people=5)

    def test_each_output(self):
        """One number moved in each output; the arguments stay as they are."""
        first, second = outputs([1, 3]), outputs([1, 3])
        second['keypoints'][1, 2, 0, 1] += 0.5
        second['keypoint_scores'][0, 0, 1] -= 0.25
        second['scores'][1, 0] += 0.125
        second['keypoints'][0, 1] = 100  # beyond the one instance of the first image
        kept = {name: values.copy() for name, values in second.items()}
        parity = compare(first, second)
        assert parity.num_people == 4
        assert parity[1:4] == pytest.approx((0.5, 0.25, 0.125))
        assert all(np.array_equal(kept[name], second[name]) for name in kept)

    def test_unequal_numbers(self):
        """The image is told of, and compared by the one instance that both have."""
        first, second = outputs([1, 2]), outputs([2, 2])
        assert compare(first, second) == Parity(num_people=3, num_unequal=1)


class TestJoin:
    """Law: counts add up, differences do not."""

    def test_nothing(self):
        """No comparison, no difference."""
        assert join([]) == Parity()

    def test_two(self):
        """Each difference is the larger one."""
        assert join([Parity(2, 0.1, 0.4, 0.2, 1), Parity(3, 0.3, 0.2, 0.1, 1)]) == Parity(5, 0.3, 0.4, 0.2, 2)
