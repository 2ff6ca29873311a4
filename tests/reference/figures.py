"""Synthetic people whose pose and place are known, for tests of what is made of them."""

from __future__ import annotations

import numpy as np

from dualcenter_mmpose.synthetic.appearance import sample_outfit
from dualcenter_mmpose.synthetic.camera import Camera, View
from dualcenter_mmpose.synthetic.light import Light
from dualcenter_mmpose.synthetic.scene import Person, Scene, Thing
from dualcenter_mmpose.synthetic.skeleton import (
    MARKER_OFFSETS,
    REST_OFFSETS,
    Physique,
    forward_kinematics,
    rotation_about,
)

AVERAGE = Physique(1.75, REST_OFFSETS, MARKER_OFFSETS, 1.0, 1.0, 1.0, 0.0)
UPRIGHT = np.zeros((len(REST_OFFSETS), 3))
DAYLIGHT = Light(np.array([0.0, 0.6, 0.8]), np.full(3, 0.6), np.full(3, 0.5), np.full(3, 0.3))
EYE_LEVEL = Camera(400.0, (100.0, 100.0), 0.0, 0.9)
"""Looks level at the hips of somebody who stands before it; 4 m away they measure 175 px."""


def standing(yaw: float = 0.0, x: float = 0.0, distance: float = 4.0, angles: np.ndarray = UPRIGHT) -> np.ndarray:
    """Return the world points of an average person standing on the ground, facing the camera unless turned."""
    points = forward_kinematics(AVERAGE, angles, rotation_about(1, yaw))
    return points + np.array([x, -points[:, 1].min(), -distance])


def person(world: np.ndarray, seed: int = 0, camera: Camera = EYE_LEVEL, **changes: object) -> Person:
    """Return a labelled person at world points, in random clothes and with nothing in their hands."""
    outfit = sample_outfit(np.random.default_rng(seed), AVERAGE)._replace(thing='', hat='', hair='short', skirt=0.0)
    distance = float(camera.to_camera(world[0])[2])
    view: View = camera.view(world, AVERAGE.stature)
    return Person(AVERAGE, outfit, view, world, distance, np.zeros(4), 'feet', True)._replace(**changes)


def scene(*people: Person, things: tuple[Thing, ...] = (), size: tuple[int, int] = (200, 200)) -> Scene:
    """Return a scene on a field."""
    return Scene(*size, EYE_LEVEL, 'field', DAYLIGHT, people, things, ())
