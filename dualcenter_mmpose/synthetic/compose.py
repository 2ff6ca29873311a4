"""Scenes to pictures: drawn from far to near, with a map that says who owns which pixel.

Legend: the owner map (H, W) holds the index of the person, `CROWD_OWNER` + index of a crowd,
`THING_OWNER` for things and `NOBODY` for the backdrop. A person's own depth map decides later
which keypoints they hide from themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from . import appearance as look
from .appearance import sample_outfit
from .background import paint_background
from .body import build_parts
from .camera import Camera, View
from .light import Light
from .parts import Parts, place_parts
from .poses import sample_pose
from .raster import Surface, Window, rasterise
from .render import Image, Layer, Skinning, lay_over, make_layer, shade
from .scene import Crowd, Person, Scene
from .shadows import cast_shadows
from .skeleton import POINT, forward_kinematics, rotation_about, sample_physique
from .things import NOBODY, THING_OWNER, OwnerMap, draw_thing, own, window_of

CROWD_OWNER = 1000
_FACE = (look.EYE, look.IRIS, look.LIPS, look.GLASSES)
_CROWD_FACES = 4  # different people in a crowd; the others are their mirrored and relit copies


class Sight(NamedTuple):
    """How a person alone would be seen: samples of their surface, and the pixels of their mask."""

    window: Window
    surface: Surface
    num_pixels: int


class Picture(NamedTuple):
    """A drawn scene: image (H, W, 3), owner map (H, W), and the sight of each person, None if outside."""

    image: Image
    owner: OwnerMap
    sights: tuple[Sight | None, ...]


def compose(scene: Scene, rng: np.random.Generator) -> Picture:
    """Return the picture of a scene; random numbers choose what the scene leaves open, such as textures."""
    image = paint_background(scene, rng)
    cast_shadows(image, scene)
    owner = np.full(image.shape[:2], NOBODY, dtype=np.int16)
    towards = scene.light._replace(direction=scene.camera.rotate(scene.light.direction))
    sights: list[Sight | None] = [None] * len(scene.people)
    for _, group, idx in sorted(_drawing_list(scene), reverse=True):
        if group == 'crowd':
            _draw_crowd(image, owner, scene, idx, towards, rng)
        elif group == 'thing':
            draw_thing(image, owner, scene.things[idx], scene.camera, scene.light, rng)
        else:
            sights[idx] = _draw_person(image, owner, scene.people[idx], idx, towards)
    return Picture(image, owner, tuple(sights))


def _drawing_list(scene: Scene) -> list[tuple[float, str, int]]:
    """Return (distance, group, index) of everything to draw."""
    return [
        *((crowd.distance, 'crowd', idx) for idx, crowd in enumerate(scene.crowds)),
        *((thing.distance, 'thing', idx) for idx, thing in enumerate(scene.things)),
        *((person.distance, 'person', idx) for idx, person in enumerate(scene.people)),
    ]


def _draw_person(image: Image, owner: OwnerMap, person: Person, idx: int, towards: Light) -> Sight | None:
    drawn = render_person(person, towards, image.shape)
    if drawn is None:
        return None
    layer, sight = drawn
    lay_over(image, layer)
    held = (layer.alpha > 127) & ~layer.mask
    own(owner, layer._replace(mask=held), THING_OWNER)
    own(owner, layer, idx)
    return sight


def render_person(person: Person, towards: Light, shape: tuple[int, ...]) -> tuple[Layer, Sight] | None:
    """Return the layer and the sight of a person inside an image of `shape` (H, W), None if outside.

    Small people are sampled more densely than pixels, so that thin limbs do not break up.
    """
    scale = float(person.view.scale.mean())
    zoom = 1 if scale > 140 else 2 if scale > 48 else 3
    parts = build_parts(person.physique, person.outfit)
    keep = _worth_drawing(parts, person.view, scale * zoom)
    capsules = place_parts(parts, person.view, keep)
    window = window_of(capsules, shape, zoom)
    if window is None:
        return None
    surface = rasterise(capsules, window)
    stature = person.physique.stature
    material = parts.material[keep]
    skinning = Skinning(material, parts.offset[keep] * stature, person.outfit.materials)
    color = shade(surface, capsules, window, skinning, towards, scale / stature)
    covered = surface.part >= 0
    is_body = np.append(~np.isin(material, (look.THING, look.STRAP)), False)
    counted = is_body[surface.part]
    layer = make_layer(window, color, covered, counted)
    return layer, Sight(window, surface, int(layer.mask.sum()))


def _worth_drawing(parts: Parts, view: View, samples: float) -> NDArray[np.bool_]:
    """Return which parts (N,) are more than a sample thick and, if they belong to the face, not behind the head."""
    keep = parts.radii.max(axis=1) * parts.flatten.max(axis=1) * samples > 1.1
    gaze = view.points[POINT['head_front']] - view.points[POINT['head_center']]
    if gaze[2] > 0.6 * np.linalg.norm(gaze):
        keep &= ~np.isin(parts.material, _FACE)
    return keep


def _draw_crowd(
    image: Image,
    owner: OwnerMap,
    scene: Scene,
    idx: int,
    towards: Light,
    rng: np.random.Generator,
) -> None:
    """Draw, in place, rows of small people, most of them copies of a few."""
    crowd = scene.crowds[idx]
    faces = [_render_face(crowd, scene.camera, towards, rng) for _ in range(_CROWD_FACES)]
    x0, y0, x1, y1 = crowd.feet
    rows = max(1, round((y1 - y0) / (0.45 * crowd.height)))
    for row in range(rows):
        foot = y0 + (y1 - y0) * (row + 1) / rows
        column = x0 + rng.uniform(0, 0.3) * crowd.height
        while column < x1:
            layer = _vary(faces[int(rng.integers(len(faces)))], rng)
            left, top = column - layer.window.width / 2, foot - layer.window.height
            window = layer.window._replace(x0=round(left), y0=round(top + rng.normal(0, 0.06) * crowd.height))
            lay_over(image, layer._replace(window=window))
            own(owner, layer._replace(window=window), CROWD_OWNER + idx)
            column += crowd.height * rng.uniform(0.22, 0.5)


def _render_face(crowd: Crowd, camera: Camera, towards: Light, rng: np.random.Generator) -> Layer:
    """Return the layer of one small person who faces the camera, more or less."""
    physique = sample_physique(rng)
    pose = sample_pose(rng, str(rng.choice(['standing', 'standing', 'sitting', 'walking', 'reaching'])))
    points = forward_kinematics(physique, pose.angles, rotation_about(1, rng.normal(0, 45)))
    points = points + np.array([0.0, camera.height, -crowd.distance])
    view = camera.view(points, physique.stature)
    corner = view.points[:, :2].min(axis=0) - 0.2 * crowd.height
    view = View(view.points - np.append(corner, 0.0), view.scale)
    outfit = sample_outfit(rng, physique)
    person = Person(physique, outfit, view, None, crowd.distance, np.zeros(4), pose.support, False)
    size = (np.ptp(view.points[:, :2], axis=0) + 0.4 * crowd.height).astype(int)
    drawn = render_person(person, towards, (int(size[1]), int(size[0])))
    assert drawn is not None
    return drawn[0]


def _vary(layer: Layer, rng: np.random.Generator) -> Layer:
    """Return a layer, mirrored or not, with other colours."""
    color, alpha, mask = layer.color, layer.alpha, layer.mask
    if rng.random() < 0.5:
        color, alpha, mask = color[:, ::-1], alpha[:, ::-1], mask[:, ::-1]
    tint = np.clip(rng.uniform(0.55, 1.2) * rng.uniform(0.75, 1.2, 3) * 180, 0, 255)
    color = cv2.multiply(np.ascontiguousarray(color), np.full(color.shape, tint, np.uint8), scale=1 / 180)
    return layer._replace(color=cv2.min(color, cv2.merge([alpha] * 3)), alpha=alpha, mask=mask)
