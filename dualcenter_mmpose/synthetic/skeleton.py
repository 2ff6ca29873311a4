"""The human skeleton: a kinematic tree with joint limits and forward kinematics.

Legend: J joints of the tree, P points of a figure (the J joints, then the markers that ride on
them), K = 17 COCO keypoints. Body frame: x to the person's own left, y up, z forward (right-
handed). Lengths are fractions of the stature. Angles are anatomical degrees (..., J, 3) =
(flexion, side, twist): the same sign means the same movement on both sides of the body, and zero
everywhere is a person standing upright with hanging arms.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# name, parent, offset from the parent, limits of flexion, side and twist. The pelvis carries the posture of the whole
# body, so its limits are wide. Segment lengths: Drillis and Contini (1966), as fractions of the stature.
_TREE: tuple[tuple[str, str, tuple[float, float, float], tuple[int, ...]], ...] = (
    ('pelvis', '', (0.0, 0.0, 0.0), (-60, 100, -45, 45, -60, 60)),
    ('lumbar', 'pelvis', (0.0, 0.060, -0.004), (-25, 60, -30, 30, -30, 30)),
    ('chest', 'lumbar', (0.0, 0.110, 0.0), (-15, 35, -20, 20, -30, 30)),
    ('neck', 'chest', (0.0, 0.147, -0.006), (-40, 40, -30, 30, -50, 50)),
    ('head', 'neck', (0.0, 0.036, 0.008), (-25, 25, -15, 15, -30, 30)),
    ('left_clavicle', 'chest', (0.018, 0.118, 0.0), (-10, 15, -5, 30, -10, 10)),
    ('left_shoulder', 'left_clavicle', (0.082, 0.0, 0.0), (-45, 175, -15, 150, -80, 85)),
    ('left_elbow', 'left_shoulder', (0.0, -0.186, 0.0), (0, 148, 0, 0, -80, 80)),
    ('left_wrist', 'left_elbow', (0.0, -0.146, 0.0), (-60, 60, -20, 30, 0, 0)),
    ('right_clavicle', 'chest', (-0.018, 0.118, 0.0), (-10, 15, -5, 30, -10, 10)),
    ('right_shoulder', 'right_clavicle', (-0.082, 0.0, 0.0), (-45, 175, -15, 150, -80, 85)),
    ('right_elbow', 'right_shoulder', (0.0, -0.186, 0.0), (0, 148, 0, 0, -80, 80)),
    ('right_wrist', 'right_elbow', (0.0, -0.146, 0.0), (-60, 60, -20, 30, 0, 0)),
    ('left_hip', 'pelvis', (0.052, 0.0, 0.0), (-25, 130, -20, 55, -45, 45)),
    ('left_knee', 'left_hip', (0.0, -0.245, 0.0), (0, 150, 0, 0, -20, 20)),
    ('left_ankle', 'left_knee', (0.0, -0.246, 0.0), (-45, 35, -20, 20, -15, 15)),
    ('right_hip', 'pelvis', (-0.052, 0.0, 0.0), (-25, 130, -20, 55, -45, 45)),
    ('right_knee', 'right_hip', (0.0, -0.245, 0.0), (0, 150, 0, 0, -20, 20)),
    ('right_ankle', 'right_knee', (0.0, -0.246, 0.0), (-45, 35, -20, 20, -15, 15)),
)
# name, joint it rides on, offset in that joint's frame. `head_*`, `chest_front`, `pelvis_front` and the thumbs show
# how a part is turned.
_MARKERS: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ('nose', 'head', (0.0, 0.027, 0.070)),
    ('left_eye', 'head', (0.018, 0.043, 0.054)),
    ('right_eye', 'head', (-0.018, 0.043, 0.054)),
    ('left_ear', 'head', (0.047, 0.036, -0.002)),
    ('right_ear', 'head', (-0.047, 0.036, -0.002)),
    ('head_center', 'head', (0.0, 0.045, 0.0)),
    ('head_left', 'head', (0.1, 0.045, 0.0)),
    ('head_up', 'head', (0.0, 0.145, 0.0)),
    ('head_front', 'head', (0.0, 0.045, 0.1)),
    ('chest_front', 'chest', (0.0, 0.060, 0.1)),
    ('pelvis_front', 'pelvis', (0.0, 0.0, 0.1)),
    ('left_fingers', 'left_wrist', (-0.004, -0.100, 0.004)),
    ('right_fingers', 'right_wrist', (0.004, -0.100, 0.004)),
    ('left_thumb', 'left_wrist', (0.0, -0.050, 0.030)),
    ('right_thumb', 'right_wrist', (0.0, -0.050, 0.030)),
    ('left_toe', 'left_ankle', (0.010, -0.027, 0.108)),
    ('right_toe', 'right_ankle', (-0.010, -0.027, 0.108)),
    ('left_heel', 'left_ankle', (0.0, -0.022, -0.026)),
    ('right_heel', 'right_ankle', (0.0, -0.022, -0.026)),
)
JOINT_NAMES = tuple(row[0] for row in _TREE)
POINT_NAMES = JOINT_NAMES + tuple(row[0] for row in _MARKERS)
JOINT = {name: idx for idx, name in enumerate(JOINT_NAMES)}
POINT = {name: idx for idx, name in enumerate(POINT_NAMES)}
PARENTS = tuple(JOINT.get(row[1], -1) for row in _TREE)
MARKER_JOINTS = tuple(JOINT[row[1]] for row in _MARKERS)
LIMITS: Array = np.array([row[3] for row in _TREE], dtype=np.float64).reshape(-1, 3, 2)
REST_OFFSETS: Array = np.array([row[2] for row in _TREE])
MARKER_OFFSETS: Array = np.array([row[2] for row in _MARKERS])

KEYPOINT_NAMES = (
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow',
    'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle',
    'right_ankle',
)  # fmt: skip
KEYPOINT_POINTS = np.array([POINT[name] for name in KEYPOINT_NAMES])

_SPINE = ('pelvis', 'lumbar', 'chest', 'neck', 'head')


def _axis_signs() -> Array:
    """Return the factors (J, 3) that turn anatomical degrees into rotations about x, z and y.

    A positive rotation about x carries "up" forward, so flexion of the spine and of the knee (whose bone hangs down and
    swings back) is positive, that of arms, hips and ankles negative. Side and twist mirror between left and right.
    """
    signs = np.ones((len(JOINT_NAMES), 3))
    for name, idx in JOINT.items():
        is_right = name.startswith('right')
        bends_up = name in _SPINE or name.endswith('knee')
        signs[idx, 0] = 1.0 if bends_up else -1.0
        signs[idx, 1] = -1.0 if name in _SPINE or is_right else 1.0
        signs[idx, 2] = 1.0 if name in _SPINE or is_right else -1.0
    return signs


_SIGNS = _axis_signs()


class Physique(NamedTuple):
    """Body proportions of one person: offsets in fractions of `stature`, girths as factors of the average."""

    stature: float  # metres
    offsets: Array  # (J, 3)
    markers: Array  # (P - J, 3)
    girth: float
    limb_girth: float
    head_size: float
    femininity: float  # 0 to 1: narrower shoulders, wider hips, bust


def sample_physique(rng: np.random.Generator) -> Physique:
    """Return random proportions; about one person in seven is a child, with a larger head and shorter legs."""
    is_child = rng.random() < 0.14
    femininity = float(rng.integers(2)) * rng.uniform(0.5, 1.0) * (0.2 if is_child else 1.0)
    stature = rng.uniform(0.95, 1.45) if is_child else rng.normal(1.76 - 0.12 * femininity, 0.065)
    head_size = 1.08 + 0.75 * (1.5 - stature) if is_child else rng.normal(1.06, 0.03)
    girth = float(np.clip(rng.normal(1.07, 0.13), 0.85, 1.5))
    offsets, markers = REST_OFFSETS.copy(), MARKER_OFFSETS.copy()
    scale_rows(offsets, 'knee', 0.94 if is_child else rng.normal(1.0, 0.025))
    scale_rows(offsets, 'ankle', 0.94 if is_child else rng.normal(1.0, 0.025))
    scale_rows(offsets, 'shoulder', rng.normal(1.05 - 0.12 * femininity, 0.03) * (0.5 + 0.5 * girth))
    scale_rows(offsets, 'hip', rng.normal(0.98 + 0.08 * femininity, 0.03) * (0.6 + 0.4 * girth))
    markers[[joint == JOINT['head'] for joint in MARKER_JOINTS]] *= head_size
    return Physique(float(stature), offsets, markers, girth, 0.45 + 0.55 * girth, float(head_size), float(femininity))


def scale_rows(offsets: Array, suffix: str, factor: float) -> None:
    """Scale, in place, the offsets of both joints whose name ends in `suffix`."""
    for side in ('left_', 'right_'):
        offsets[JOINT[side + suffix]] *= factor


def clamp_angles(angles: Array) -> Array:
    """Return the angles (..., J, 3) with each one brought inside its joint's limits."""
    return np.clip(angles, LIMITS[..., 0], LIMITS[..., 1])


def rotation_about(axis: int, degrees: float) -> Array:
    """Return the rotation (3, 3) about body axis 0 (x), 1 (y) or 2 (z)."""
    angle = np.radians(degrees)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = np.cos(angle)
    rotation[first, second], rotation[second, first] = -np.sin(angle), np.sin(angle)
    return rotation


def joint_rotations(angles: Array) -> Array:
    """Return the rotations (..., J, 3, 3) of the joints in their parents' frames: Rz(side) Rx(flexion) Ry(twist)."""
    radians = np.radians(angles * _SIGNS)
    cosine, sine = np.cos(radians), np.sin(radians)
    (cx, cz, cy), (sx, sz, sy) = ((part[..., 0], part[..., 1], part[..., 2]) for part in (cosine, sine))
    rotations = np.empty((*angles.shape, 3))
    rotations[..., 0, 0], rotations[..., 0, 1] = cz * cy - sz * sx * sy, -sz * cx
    rotations[..., 0, 2], rotations[..., 1, 0] = cz * sy + sz * sx * cy, sz * cy + cz * sx * sy
    rotations[..., 1, 1], rotations[..., 1, 2] = cz * cx, sz * sy - cz * sx * cy
    rotations[..., 2, 0], rotations[..., 2, 1], rotations[..., 2, 2] = -cx * sy, sx, cx * cy
    return rotations


def forward_kinematics(physique: Physique, angles: Array, tilt: Array) -> Array:
    """Return the points (..., P, 3) of a figure in metres, pelvis at the origin.

    Args:
        physique: Proportions; the distance of a joint to its parent is constant whatever the angles are.
        angles: Anatomical degrees (..., J, 3).
        tilt: Rotation (3, 3) of the whole figure.
    """
    local = joint_rotations(angles)
    world = np.empty_like(local)
    points = np.zeros((*angles.shape[:-2], len(POINT_NAMES), 3))
    for idx, parent in enumerate(PARENTS):
        if parent < 0:
            world[..., idx, :, :] = tilt @ local[..., idx, :, :]
            continue
        world[..., idx, :, :] = world[..., parent, :, :] @ local[..., idx, :, :]
        reach = world[..., parent, :, :] @ physique.offsets[idx]
        points[..., idx, :] = points[..., parent, :] + reach
    riders = list(MARKER_JOINTS)
    reach = (world[..., riders, :, :] * physique.markers[:, None, :]).sum(axis=-1)
    points[..., len(JOINT_NAMES) :, :] = points[..., riders, :] + reach
    return points * physique.stature
