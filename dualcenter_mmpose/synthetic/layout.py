"""Layouts: poses and places taken from a COCO keypoint file instead of being sampled.

A file says where some joints of a person are in the image, nothing about depth and nothing about
the other joints. Both are filled in from a bank of poses: the one that fits the labelled
keypoints and the box best is moved and scaled onto them, then bent so that every labelled
keypoint is met exactly.

Legend: B poses of the bank, P points of a figure, K = 17 keypoints.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .appearance import sample_outfit
from .camera import Camera, View
from .furnishing import OUTDOOR_THINGS, make_thing
from .layout_file import LayoutImage, LayoutPerson
from .light import sample_light, sample_setting
from .poses import sample_pose
from .scene import Crowd, Person, Scene, Thing
from .skeleton import (
    KEYPOINT_POINTS,
    MARKER_OFFSETS,
    POINT,
    REST_OFFSETS,
    Array,
    Physique,
    forward_kinematics,
    rotation_about,
    sample_physique,
)

BANK_SIZE = 1200
_BANK_SEED = 17
_BOX_WEIGHT = 0.35  # of one side's error beside one keypoint's
# Points that show how a part is turned move with the part's own point, so that the part keeps its shape.
_RIGID = {
    'head_left': 'head_center', 'head_up': 'head_center', 'head_front': 'head_center', 'head': 'head_center',
    'chest_front': 'chest', 'pelvis_front': 'pelvis', 'left_thumb': 'left_wrist', 'right_thumb': 'right_wrist',
    'left_fingers': 'left_wrist', 'right_fingers': 'right_wrist',
    'left_heel': 'left_ankle', 'right_heel': 'right_ankle', 'left_toe': 'left_ankle', 'right_toe': 'right_ankle',
}  # fmt: skip


# Distance from the middle of the head, in fractions of the stature.
_FACE_RADII = {'nose': 0.073, 'left_eye': 0.057, 'right_eye': 0.057, 'left_ear': 0.048, 'right_ear': 0.048}


class _Bank(NamedTuple):
    """Figures (B, P, 3) of stature 1 seen from the front of an endless lens: x right, y down, depth."""

    points: Array
    low: Array  # (B, 2) corners of their boxes
    high: Array
    supports: tuple[str, ...]
    kinship: Array  # (P, K) how much a point follows a moved keypoint


@lru_cache(maxsize=1)
def load_bank() -> _Bank:
    """Return the bank of poses, made at the first call; the same in every process."""
    rng = np.random.default_rng(_BANK_SEED)
    average = Physique(1.0, REST_OFFSETS, MARKER_OFFSETS, 1.0, 1.0, 1.0, 0.0)
    figures, supports = [], []
    for _ in range(BANK_SIZE):
        pose = sample_pose(rng)
        turn = rotation_about(0, rng.normal(4, 6)) @ rotation_about(1, rng.uniform(-180, 180)) @ pose.tilt
        figures.append(forward_kinematics(average, pose.angles, turn))
        supports.append(pose.support)
    points = np.stack(figures) * (1.0, -1.0, -1.0)
    rest = forward_kinematics(average, np.zeros((len(REST_OFFSETS), 3)), np.eye(3))
    gaps = np.linalg.norm(rest[:, None] - rest[KEYPOINT_POINTS][None], axis=-1)
    kinship = np.exp(-gaps / 0.07) + 1e-9
    for name, base in _RIGID.items():
        kinship[POINT[name]] = kinship[POINT[base]]
    xy = points[..., :2]
    return _Bank(points, xy.min(axis=1) - 0.03, xy.max(axis=1) + 0.03, tuple(supports), kinship)


def plan_layout(rng: np.random.Generator, layout: LayoutImage) -> Scene:
    """Return a scene with the people of a layout where it has them; the rest of the scene is random."""
    width, height = layout.width, layout.height
    focal = max(width, height) * float(rng.uniform(0.9, 1.6))
    horizon = height * rng.uniform(0.1, 0.5)
    pitch = float(np.arctan((height / 2 - horizon) / focal))
    camera = Camera(focal, (width / 2, height / 2), pitch, float(rng.uniform(1.0, 2.5)))
    persons = tuple(place_person(rng, camera, person, width, height) for person in layout.persons)
    far = max([person.distance for person in persons], default=8.0)
    crowds = tuple(_place_crowd(camera, box, far) for box in layout.crowds)
    setting = sample_setting(rng)
    things = _sample_backdrop_things(rng, camera, width, far)
    return Scene(width, height, camera, setting, sample_light(rng, setting), persons, things, crowds)


def place_person(rng: np.random.Generator, camera: Camera, person: LayoutPerson, width: int, height: int) -> Person:
    """Return a person of a layout in three dimensions."""
    bank = load_bank()
    labelled = person.keypoints[:, 2] > 0
    pick, scale, shift = fit_pose(bank, person, width, height, rng)
    points = bank.points[pick] * scale
    points[:, :2] += shift
    if labelled.any():
        points[:, :2] += _bend(bank.kinship, points[KEYPOINT_POINTS, :2], person.keypoints, labelled)
        points[KEYPOINT_POINTS[labelled], :2] = person.keypoints[labelled, :2]
        _raise_face_(points, scale)
    points[:, 2] -= points[0, 2]
    physique = sample_physique(rng)
    view = View(points, np.full(len(points), scale))
    distance = camera.focal * physique.stature / scale
    outfit = sample_outfit(rng, physique)
    return Person(
        physique, outfit, view, None, distance, person.box, bank.supports[pick], bool(labelled.any()), labelled
    )


def fit_pose(
    bank: _Bank, person: LayoutPerson, width: int, height: int, rng: np.random.Generator
) -> tuple[int, float, Array]:
    """Return the pose of the bank that fits best, its pixels per stature, and the image place (2,) of its origin.

    Each pose is moved and scaled onto the labelled keypoints by least squares; what is left of the distances,
    and how far the sides of its box miss those of the person's, decide. Sides at the image's border may lie
    outside.
    """
    labelled = person.keypoints[:, 2] > 0
    low, high = person.box[:2], person.box[2:]
    seen = bank.points[:, KEYPOINT_POINTS[labelled], :2]
    target = person.keypoints[labelled, :2]
    corners = np.stack([bank.low, bank.high], axis=1)
    box_weights = np.where(_inner_sides(person.box, width, height), _BOX_WEIGHT, 0.02).reshape(2, 2)
    if labelled.sum() < 3:
        box_weights = np.maximum(box_weights, 0.1)
    sources = np.concatenate([seen, corners], axis=1)
    targets = np.concatenate([target, np.stack([low, high])])
    weights = np.concatenate([np.ones((len(target), 2)), box_weights])
    weights = weights / weights.sum(axis=0)
    source_mean = (sources * weights).sum(axis=1, keepdims=True)
    target_mean = (targets * weights).sum(axis=0)
    centered = sources - source_mean
    along = (weights * centered * (targets - target_mean)).sum(axis=(1, 2))
    scale = np.maximum(along / (weights * centered**2).sum(axis=(1, 2)), 1e-3)
    shift = target_mean - scale[:, None] * source_mean[:, 0]
    misses = sources * scale[:, None, None] + shift[:, None] - targets
    cost = (weights * misses**2).sum(axis=(1, 2)) * np.where(labelled.any(), 1.0, rng.uniform(1, 1.3, BANK_SIZE))
    pick = int(cost.argmin())
    return pick, float(scale[pick]), shift[pick]


def _inner_sides(box: Array, width: int, height: int) -> NDArray[np.bool_]:
    """Return which sides (4,) of a box lie well inside the image, so that they are ends of the person."""
    margin = 2.0
    inner: NDArray[np.bool_] = np.array([
        box[0] > margin, box[1] > margin, box[2] < width - margin, box[3] < height - margin,
    ])  # fmt: skip
    return inner


def _bend(kinship: Array, found: Array, keypoints: Array, labelled: NDArray[np.bool_]) -> Array:
    """Return how far (P, 2) each point moves so that the labelled keypoints are met; near points move most."""
    moves = keypoints[labelled, :2] - found[labelled]
    shares = kinship[:, labelled]
    bend: Array = (shares / shares.sum(axis=1, keepdims=True)) @ moves
    return bend


def _raise_face_(points: Array, scale: float) -> None:
    """Move nose, eyes and ears along the view to the head's surface, which they may have left sideways."""
    center = points[POINT['head_center']]
    for name, radius in _FACE_RADII.items():
        point = points[POINT[name]]
        aside = float(((point[:2] - center[:2]) ** 2).sum())
        reach = np.sqrt(max((radius * scale) ** 2 - aside, (0.25 * radius * scale) ** 2))
        point[2] = center[2] + (reach if point[2] > center[2] else -reach)


def _place_crowd(camera: Camera, box: Array, far: float) -> Crowd:
    tall = float(np.clip(0.45 * (box[3] - box[1]), 8, 60))
    feet = np.array([box[0] + 0.2 * tall, min(box[1] + tall, box[3]), box[2] - 0.2 * tall, box[3]])
    return Crowd(feet, tall, max(far * 1.1, camera.focal * 1.7 / tall))


def _sample_backdrop_things(rng: np.random.Generator, camera: Camera, width: int, far: float) -> tuple[Thing, ...]:
    """Return things behind everybody, so that labelled keypoints stay in sight."""
    things = []
    for _ in range(int(rng.integers(0, 5))):
        place = camera.ground_position(rng.uniform(0, width), far * rng.uniform(1.2, 3.0))
        kind = str(rng.choice(OUTDOOR_THINGS))
        things.append(make_thing(rng, camera, kind, place, rng.uniform(-180, 180)))
    return tuple(thing for thing in things if thing.distance > far)
