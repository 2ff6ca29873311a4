from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.poses import FAMILY_NAMES, Pose, sample_pose
from dualcenter_mmpose.synthetic.skeleton import LIMITS, POINT, forward_kinematics
from tests.reference.figures import AVERAGE


def points_of(pose: Pose) -> np.ndarray:
    return forward_kinematics(AVERAGE, pose.angles, pose.tilt)


class TestSamplePose:
    """Anatomically possible poses of every family."""

    @pytest.mark.parametrize('family', FAMILY_NAMES)
    def test_limits(self, family: str) -> None:
        """100 poses of a family keep every joint inside its limits."""
        rng = np.random.default_rng(0)
        angles = np.stack([sample_pose(rng, family).angles for _ in range(100)])
        assert (angles >= LIMITS[..., 0]).all()
        assert (angles <= LIMITS[..., 1]).all()

    @pytest.mark.parametrize(
        ('family', 'higher', 'lower', 'share'),
        [
            ('standing', 'head_center', 'pelvis', 0.30),  # upright: the head well above the hips
            ('walking', 'head_center', 'pelvis', 0.30),
            ('sitting', 'head_center', 'pelvis', 0.25),
            ('sitting', 'left_knee', 'left_ankle', 0.10),
            ('reaching', 'head_center', 'left_ankle', 0.60),
        ],
    )
    def test_upright_families(self, family: str, higher: str, lower: str, share: float) -> None:
        """In nine of ten poses one point is above another by at least a share of the stature."""
        rng = np.random.default_rng(1)
        points = np.stack([points_of(sample_pose(rng, family)) for _ in range(60)]) / AVERAGE.stature
        rises = points[:, POINT[higher], 1] - points[:, POINT[lower], 1]
        assert (rises > share).mean() >= 0.9

    def test_lying_is_flat(self) -> None:
        """Head and hips are at about one height, and the body is longer than high."""
        rng = np.random.default_rng(2)
        points = np.stack([points_of(sample_pose(rng, 'lying')) for _ in range(60)])
        rises = points[:, POINT['head_center'], 1] - points[:, POINT['pelvis'], 1]
        assert (np.abs(rises) < 0.3 * AVERAGE.stature).mean() > 0.8

    def test_bending_brings_the_head_down(self) -> None:
        """Bent people carry their heads lower above the feet than standing ones do."""
        rng = np.random.default_rng(3)
        heights = {
            family: np.mean(
                [
                    np.ptp(points_of(sample_pose(rng, family))[[POINT['head_center'], POINT['left_ankle']], 1])
                    for _ in range(40)
                ]
            )
            for family in ('standing', 'bending')
        }
        assert heights['bending'] < 0.85 * heights['standing']

    def test_reaching_lifts_a_hand(self) -> None:
        """One wrist at least is above its shoulder's height less a forearm."""
        rng = np.random.default_rng(4)
        for _ in range(40):
            points = points_of(sample_pose(rng, 'reaching')) / AVERAGE.stature
            lifts = [points[POINT[f'{s}_wrist'], 1] - points[POINT[f'{s}_shoulder'], 1] for s in ('left', 'right')]
            assert max(lifts) > -0.3

    def test_seeded(self) -> None:
        """The same generator state gives the same pose; every family turns up."""
        one, two = (sample_pose(np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(one.angles, two.angles)
        rng = np.random.default_rng(6)
        assert {sample_pose(rng).family for _ in range(600)} == set(FAMILY_NAMES)

    def test_unknown_family(self) -> None:
        """The families there are, and the one asked for, are named."""
        with pytest.raises(KeyError, match=r"standing.*got 'flying'"):
            sample_pose(np.random.default_rng(0), 'flying')
