"""Random scenes: how many people of which size, where they stand, and what stands around them.

Legend: sizes are COCO's three classes of box area at the size written (see `scene`); a slot is a
wish for one person of a class, dropped if no pose and place fulfils it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .appearance import sample_outfit
from .camera import Camera, View
from .extent import figure_boxes
from .furnishing import sample_crowd, sample_things
from .light import sample_light, sample_setting
from .poses import sample_pose
from .scene import (
    MEDIUM_AREA,
    SMALL_AREA,
    Person,
    Scene,
    box_area,
    size_bucket,
)
from .skeleton import POINT, Array, Physique, forward_kinematics, rotation_about, sample_physique

_NUM_TRIES = 7
SMALLEST_AREA = 110.0  # px^2: COCO's 5 % smallest person boxes are below


class _Gathering(NamedTuple):
    """A kind of scene: how often, how many people, shares of small, medium, large, and how often they keep company."""

    share: float
    people: tuple[int, int]
    sizes: tuple[float, float, float]
    company: float
    camera_height: tuple[float, float]


# Shares and numbers together give 51 : 21 : 29 small : medium : large boxes, COCO's split, once people hide each other.
GATHERINGS = {
    'portrait': _Gathering(0.24, (1, 2), (0.02, 0.02, 0.96), 0.3, (1.1, 1.8)),
    'few': _Gathering(0.28, (2, 4), (0.26, 0.19, 0.55), 0.35, (0.8, 2.2)),
    'group': _Gathering(0.26, (4, 8), (0.13, 0.36, 0.51), 0.75, (0.9, 2.4)),
    'street': _Gathering(0.22, (5, 12), (0.87, 0.10, 0.03), 0.4, (1.3, 5.0)),
}
_ASPECTS = ((4, 3), (3, 4), (3, 2), (2, 3), (1, 1), (16, 9))
_ASPECT_SHARES = (0.54, 0.2, 0.13, 0.05, 0.05, 0.03)
# Chance of a crowd region: 7 % of the images with people in COCO have one.
_CROWD_SHARE = {'portrait': 0.02, 'few': 0.05, 'group': 0.07, 'street': 0.16}


class _Spot(NamedTuple):
    """Where somebody stands: image column, distance along the ground in m, and the way they face in degrees."""

    column: float
    distance: float
    yaw: float


def sample_image_size(rng: np.random.Generator, long_side: int) -> tuple[int, int]:
    """Return a random (width, height) with the given long side, mostly 4:3 and 3:4 as in COCO."""
    width, height = _ASPECTS[int(rng.choice(len(_ASPECTS), p=_ASPECT_SHARES))]
    scale = long_side / max(width, height)
    return round(width * scale), round(height * scale)


def plan_scene(rng: np.random.Generator, width: int, height: int, people: tuple[int, int] | None = None) -> Scene:
    """Return a random scene of an image size; `people` bounds their number, else the kind of gathering does."""
    names = list(GATHERINGS)
    shares = np.array([GATHERINGS[name].share for name in names])
    name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
    gathering = GATHERINGS[name]
    camera = _sample_camera(rng, gathering, width, height)
    setting = sample_setting(rng)
    # Large people find no room more often in small pictures, so more are wished for there.
    sizes = np.array(gathering.sizes) * (1.0, 1.0, (512 / max(width, height)) ** 0.75)
    sizes = sizes / sizes.sum()
    # Small pictures hold fewer people where most are small, or large ones would become rare.
    room = min(1.0, (max(width, height) / 512) ** 0.5) if name == 'street' else 1.0
    low, high = people or (round(gathering.people[0] * room), round(gathering.people[1] * room))
    number = int(rng.integers(low, high + 1))
    placed: list[tuple[Person, _Spot]] = []
    for attempt in range(number + 4):
        if len(placed) >= (number if attempt < number else 1):
            break
        wish = int(rng.choice(3, p=sizes))
        mate = placed[-1] if placed and rng.random() < gathering.company else None
        found = _place_person(rng, camera, (width, height), wish, mate)
        if found is not None:
            placed.append(found)
    persons = tuple(person for person, _ in placed)
    has_crowd = rng.random() < _CROWD_SHARE[name]
    crowds = (sample_crowd(rng, camera, width, persons),) if has_crowd else ()
    things = sample_things(rng, camera, width, persons)
    return Scene(width, height, camera, setting, sample_light(rng, setting), persons, things, crowds)


def _sample_camera(rng: np.random.Generator, gathering: _Gathering, width: int, height: int) -> Camera:
    low, high = np.log(gathering.camera_height)
    focal = max(width, height) * float(np.exp(rng.uniform(np.log(0.9), np.log(2.1))))
    horizon = height * rng.uniform(0.06, 0.55)
    pitch = float(np.arctan((height / 2 - horizon) / focal))
    return Camera(focal, (width / 2, height / 2), pitch, float(np.exp(rng.uniform(low, high))))


def _sample_yaw(rng: np.random.Generator) -> float:
    """Return degrees about the vertical: 0 is the front, 90 a side that looks to the image's right, 180 the back.

    Of the people with a labelled torso in 426 COCO images, 71 in 100 turn their front to the camera, 11 in 100 a side;
    here, where companions also turn to each other, 66 and 15.
    """
    center = rng.choice([0.0, 90.0, -90.0, 180.0], p=[0.62, 0.075, 0.075, 0.23])
    return float(center + rng.normal(0, 32))


def _sample_target(rng: np.random.Generator, wish: int, image_area: float) -> float:
    ends = (SMALLEST_AREA, SMALL_AREA, MEDIUM_AREA, max(0.75 * image_area, 1.5 * MEDIUM_AREA))
    return float(np.exp(rng.uniform(np.log(ends[wish]), np.log(ends[wish + 1]))))


def stand_on_ground(points: Array, support: str, rng: np.random.Generator) -> Array:
    """Return points (P, 3) moved up or down so that the lowest one touches the ground, or hangs above it in a jump."""
    flesh = np.full(len(points), 0.03)
    flesh[[POINT['pelvis'], POINT['lumbar'], POINT['chest']]] = 0.10
    lift = rng.uniform(0.05, 0.45) if support == 'air' else 0.0
    return points + np.array([0.0, lift - float((points[:, 1] - flesh).min()), 0.0])


def has_keypoints(rng: np.random.Generator, area: float) -> bool:
    """Return whether a person of a box area is labelled; four in five small ones are not, the smaller the fewer."""
    chance = 0.58 * (area / SMALL_AREA) ** 1.1 if area <= SMALL_AREA else 0.985
    return bool(rng.random() < chance)


class _Figure(NamedTuple):
    """A posed body standing at the origin: world points (P, 3) in metres and what carries it."""

    physique: Physique
    points: Array
    support: str


def _sample_figure(rng: np.random.Generator, yaw: float) -> _Figure:
    physique, pose = sample_physique(rng), sample_pose(rng)
    turn = rotation_about(1, yaw) @ pose.tilt
    points = forward_kinematics(physique, pose.angles, turn)
    return _Figure(physique, stand_on_ground(points, pose.support, rng), pose.support)


def _place_person(
    rng: np.random.Generator,
    camera: Camera,
    image_wh: tuple[int, int],
    wish: int,
    mate: tuple[Person, _Spot] | None,
) -> tuple[Person, _Spot] | None:
    """Return a person of the wished size class, or near their mate and of their class; None if no try finds a place."""
    if mate is not None:
        wish = size_bucket(box_area(mate[0].box))
    for _ in range(_NUM_TRIES):
        spot = _beside(rng, camera, mate) if mate else None
        yaw = spot.yaw if spot else _sample_yaw(rng)
        figure = _sample_figure(rng, yaw)
        if spot is None:
            spot = _free_spot(rng, camera, image_wh, figure, yaw, wish)
        if spot is None:
            continue
        view, world = _see(camera, figure, spot)
        whole, box = figure_boxes(view, *image_wh)
        area, distance = box_area(box), float(camera.to_camera(world[0])[2])
        if size_bucket(area) != wish or distance < 0.7:
            continue
        if not _is_shown(rng, view, box, area / box_area(whole), image_wh):
            continue
        outfit, labelled = sample_outfit(rng, figure.physique), has_keypoints(rng, area)
        physique, support = figure.physique, figure.support
        return Person(physique, outfit, view, world, distance, box, support, labelled), spot
    return None


def _beside(rng: np.random.Generator, camera: Camera, mate: tuple[Person, _Spot]) -> _Spot:
    """Return a spot an arm's length or less from a mate, facing as they do, towards them, or anywhere."""
    person, spot = mate
    apart = rng.uniform(0.22, 0.8) * rng.choice([-1, 1])
    pixels_per_metre = camera.focal / person.distance
    towards = -90.0 if apart > 0 else 90.0
    yaw = rng.choice([spot.yaw, towards, _sample_yaw(rng)], p=[0.55, 0.25, 0.2])
    return _Spot(
        spot.column + apart * pixels_per_metre,
        spot.distance + rng.normal(0, 0.25),
        float(yaw + rng.normal(0, 18)),
    )


def _free_spot(
    rng: np.random.Generator,
    camera: Camera,
    image_wh: tuple[int, int],
    figure: _Figure,
    yaw: float,
    wish: int,
) -> _Spot | None:
    """Return a spot where the figure's box, clipped to the image, is of the wished size class; None if not found."""
    width, height = image_wh
    target = _sample_target(rng, wish, width * height)
    inside = rng.random() < 0.8
    column = width * (rng.uniform(0.1, 0.9) if inside else rng.uniform(-0.06, 1.06))
    extent = np.ptp(figure.points[:, :2], axis=0) + 0.12
    forward = camera.focal / np.sqrt(target / extent.prod())
    for _ in range(4):
        sin, cos = np.sin(camera.pitch), np.cos(camera.pitch)
        spot = _Spot(column, float((forward - camera.height * sin) / cos), yaw)
        if forward < 0.7:
            return None
        view, _ = _see(camera, figure, spot)
        area = box_area(figure_boxes(view, width, height)[1])
        if size_bucket(area) == wish and area > 0.6 * SMALLEST_AREA:
            return spot
        forward *= float(np.clip(np.sqrt(area / target), 0.7, 1.4))
    return None


def _see(camera: Camera, figure: _Figure, spot: _Spot) -> tuple[View, Array]:
    """Return the figure at a spot in view space and in the world."""
    world = figure.points + camera.ground_position(spot.column, spot.distance)
    return camera.view(world, figure.physique.stature), world


def _is_shown(rng: np.random.Generator, view: View, box: Array, seen: float, image_wh: tuple[int, int]) -> bool:
    """Return whether enough of a figure is inside the image; most figures must show their heads."""
    is_small = box_area(box) <= MEDIUM_AREA
    if min(box[2] - box[0], box[3] - box[1]) < 4 or seen < (0.55 if is_small else 0.2):
        return False
    head = view.points[POINT['head_center'], :2]
    return bool(((head > 0) & (head < image_wh)).all()) or rng.random() < 0.15
