from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.skeleton import (
    JOINT,
    KEYPOINT_NAMES,
    LIMITS,
    MARKER_JOINTS,
    PARENTS,
    POINT,
    clamp_angles,
    forward_kinematics,
    joint_rotations,
    rotation_about,
    sample_physique,
)
from tests.reference.coco_files import COCO_KEYPOINT_NAMES
from tests.reference.figures import AVERAGE, UPRIGHT


def moved(joint: str, *degrees: float) -> np.ndarray:
    """Return the points of an average person of stature 1 with one joint moved."""
    angles = UPRIGHT.copy()
    angles[JOINT[joint], : len(degrees)] = degrees
    return forward_kinematics(AVERAGE._replace(stature=1.0), angles, np.eye(3))


class TestKeypointNames:
    """The 17 of COCO, in its order."""

    def test_order(self) -> None:
        """They equal the list that the project's other tests use."""
        assert KEYPOINT_NAMES == COCO_KEYPOINT_NAMES


class TestForwardKinematics:
    """Rigid bones, moved as an anatomist would say."""

    def test_bones_keep_their_lengths(self) -> None:
        """Over 200 random poses each joint and marker stays as far from its parent as the physique says."""
        rng = np.random.default_rng(0)
        physique = sample_physique(rng)
        angles = rng.uniform(LIMITS[..., 0], LIMITS[..., 1], (200, *LIMITS.shape[:2]))
        points = forward_kinematics(physique, angles, rotation_about(1, 33.0))
        num_joints = len(PARENTS)
        joint_gaps = np.linalg.norm(points[:, 1:num_joints] - points[:, list(PARENTS[1:])], axis=-1)
        marker_gaps = np.linalg.norm(points[:, num_joints:] - points[:, list(MARKER_JOINTS)], axis=-1)
        wanted = np.linalg.norm(np.vstack([physique.offsets[1:], physique.markers]), axis=-1) * physique.stature
        np.testing.assert_allclose(np.hstack([joint_gaps, marker_gaps]), np.tile(wanted, (200, 1)), atol=1e-9)

    def test_batch_equals_one_by_one(self) -> None:
        """A batch of poses gives what each pose gives alone."""
        angles = np.random.default_rng(1).uniform(-20, 20, (3, *UPRIGHT.shape))
        batch = forward_kinematics(AVERAGE, angles, np.eye(3))
        for one, pose in zip(batch, angles):
            np.testing.assert_allclose(one, forward_kinematics(AVERAGE, pose, np.eye(3)), atol=1e-12)

    def test_upright(self) -> None:
        """Zero angles: head above hips above feet, own left at +x, nose and toes to the front."""
        points = moved('pelvis')
        assert points[POINT['nose'], 1] > points[POINT['left_hip'], 1] > points[POINT['left_ankle'], 1]
        for name in ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'):
            assert points[POINT[f'left_{name}'], 0] > 0 > points[POINT[f'right_{name}'], 0], name
        assert points[POINT['nose'], 2] > 0.05
        assert points[POINT['left_toe'], 2] > points[POINT['left_heel'], 2]

    @pytest.mark.parametrize(
        ('joint', 'degrees', 'point', 'axis', 'sign'),
        [
            ('left_elbow', (90,), 'left_wrist', 2, 1),  # forearms bend forward
            ('right_elbow', (90,), 'right_wrist', 2, 1),
            ('left_knee', (90,), 'left_ankle', 2, -1),  # shins bend back
            ('right_knee', (90,), 'right_ankle', 2, -1),
            ('left_shoulder', (90,), 'left_elbow', 2, 1),
            ('left_shoulder', (0, 90), 'left_elbow', 0, 1),  # outward is +x on the left,
            ('right_shoulder', (0, 90), 'right_elbow', 0, -1),  # -x on the right
            ('left_hip', (90,), 'left_knee', 2, 1),
            ('right_hip', (0, 40), 'right_knee', 0, -1),
            ('lumbar', (60,), 'nose', 2, 1),  # bowing
            ('neck', (0, 0, 50), 'nose', 0, 1),  # turning to the own left
            ('left_ankle', (30,), 'left_toe', 1, 1),  # toes up
        ],
    )
    def test_directions(self, joint: str, degrees: tuple[float, ...], point: str, axis: int, sign: int) -> None:
        """A positive angle moves the part the way its name says, by at least a hundredth of the stature."""
        change = moved(joint, *degrees)[POINT[point]] - moved(joint)[POINT[point]]
        assert sign * change[axis] > 0.01

    def test_mirror(self) -> None:
        """The same angles left and right give mirror images."""
        angles = np.random.default_rng(2).uniform(LIMITS[..., 0], LIMITS[..., 1])
        swap = [JOINT[name.replace('left', '?').replace('right', 'left').replace('?', 'right')] for name in JOINT]
        mirrored = angles[swap]
        spine = [JOINT[name] for name in ('pelvis', 'lumbar', 'chest', 'neck', 'head')]
        mirrored[spine, 1:] *= -1
        points, other = (forward_kinematics(AVERAGE, a, np.eye(3)) for a in (angles, mirrored))
        for name in KEYPOINT_NAMES[5:]:
            twin = name.replace('left', '?').replace('right', 'left').replace('?', 'right')
            np.testing.assert_allclose(other[POINT[twin]], points[POINT[name]] * (-1, 1, 1), atol=1e-9)

    def test_arguments_stay(self) -> None:
        """Angles are not changed."""
        angles = UPRIGHT + 5.0
        forward_kinematics(AVERAGE, angles, np.eye(3))
        np.testing.assert_array_equal(angles, UPRIGHT + 5.0)


class TestJointRotations:
    """Proper rotations."""

    def test_orthonormal(self) -> None:
        """R R^T = 1 and det R = 1."""
        angles = np.random.default_rng(3).uniform(-180, 180, UPRIGHT.shape)
        rotations = joint_rotations(angles)
        np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (19, 1, 1)), atol=1e-12)
        np.testing.assert_allclose(np.linalg.det(rotations), 1.0)

    def test_order(self) -> None:
        """Rz(side) Rx(flexion) Ry(twist), with the knee's positive signs."""
        angles = UPRIGHT.copy()
        angles[JOINT['right_knee']] = 30, 20, 10
        wanted = rotation_about(2, -20) @ rotation_about(0, 30) @ rotation_about(1, 10)
        np.testing.assert_allclose(joint_rotations(angles)[JOINT['right_knee']], wanted, atol=1e-12)


class TestClampAngles:
    """Inside the limits, and unchanged there."""

    def test_law(self) -> None:
        """Far values end on a limit, clamping twice changes nothing more."""
        wild = np.random.default_rng(4).normal(0, 300, UPRIGHT.shape)
        tame = clamp_angles(wild)
        assert (tame >= LIMITS[..., 0]).all()
        assert (tame <= LIMITS[..., 1]).all()
        np.testing.assert_array_equal(clamp_angles(tame), tame)
        assert tame[JOINT['left_elbow'], 0] in (0, 148) or tame[JOINT['left_elbow'], 0] == wild[JOINT['left_elbow'], 0]


class TestSamplePhysique:
    """People of plausible size."""

    def test_ranges(self) -> None:
        """Statures between a small child and a very tall adult, children with larger heads."""
        rng = np.random.default_rng(5)
        people = [sample_physique(rng) for _ in range(300)]
        statures = np.array([one.stature for one in people])
        heads = np.array([one.head_size for one in people])
        assert 0.9 < statures.min() < 1.46 < statures.max() < 2.1
        assert heads[statures < 1.3].mean() > 1.15 * heads[statures > 1.5].mean()
