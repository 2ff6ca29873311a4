"""What an image holds before anything is drawn: camera, light, people, things and crowds.

Legend: boxes are (x0, y0, x1, y1) in image px; distances are metres from the camera along its
view, and decide who hides whom. `planning` and `layout` make scenes, `compose` draws them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .appearance import Outfit
from .camera import Camera, View
from .light import Light
from .skeleton import Array, Physique

SMALL_AREA, MEDIUM_AREA = 64.0**2, 128.0**2  # upper ends of the box areas (px^2) of small and medium persons


class Person(NamedTuple):
    """One person in place."""

    physique: Physique
    outfit: Outfit
    view: View
    world: Array | None  # (P, 3) metres; None where only the image is known (layouts)
    distance: float
    box: Array  # (4,) clipped to the image
    support: str
    has_keypoints: bool
    labelled: NDArray[np.bool_] | None = None  # (K,) keypoints a layout labels; None: all that are in the image


class Thing(NamedTuple):
    """Something that is not a person: what it is, where its base stands and how it is turned."""

    kind: str
    position: Array  # (3,) world, metres
    yaw: float  # degrees
    size: Array  # (3,) width, height, depth in metres
    distance: float
    color: Array  # (3,) BGR


class Crowd(NamedTuple):
    """A region of many small people that carries one box for all: columns and rows (x0, y0, x1, y1) of their feet."""

    feet: Array  # (4,)
    height: float  # px of a standing person
    distance: float


class Scene(NamedTuple):
    """Everything an image holds; drawing it needs nothing else but random numbers."""

    width: int
    height: int
    camera: Camera
    setting: str
    light: Light
    people: tuple[Person, ...]
    things: tuple[Thing, ...]
    crowds: tuple[Crowd, ...]


def size_bucket(area: float) -> int:
    """Return 0 for a small, 1 for a medium and 2 for a large box area in px^2."""
    return int(area > SMALL_AREA) + int(area > MEDIUM_AREA)


def box_area(box: Array) -> float:
    """Return the area of a box (4,), zero if it is empty."""
    return float(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]))


def clip_box(box: Array, width: int, height: int) -> Array:
    """Return the part of a box that lies inside an image; pixels reach half a pixel beyond their centres."""
    return np.clip(box, -0.5, np.array([width, height, width, height]) - 0.5)
