"""Things that are not people: boxes in perspective, and trees, lamps, dogs or horses of capsules.

Legend: a thing's own frame has x along its width, y up and z along its depth, with the origin
where it stands; a block is a row (center x, y, z, size x, y, z, tone), a limb a row (start x, y,
z, stop x, y, z, two radii, material).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .appearance import Materials
from .background import color_table, flat_texture
from .camera import Camera
from .light import Light
from .raster import Capsules, Window, bounding_boxes, rasterise
from .render import Image, Layer, Skinning, lay_over, make_layer, overlap, shade
from .scene import Thing
from .skeleton import Array, rotation_about
from .textures import CLOTH_NAMES

OwnerMap = NDArray[np.int16]
NOBODY, THING_OWNER = -1, -2

_COARSE_AREA = 8000  # px^2; larger things of capsules are drawn at half the resolution, as if out of focus

MAIN, SECOND, DARK = range(3)
_BLOCKS: dict[str, list[tuple[float, ...]]] = {
    'box': [(0, 0.5, 0, 1, 1, 1, 1.0)],
    'seat': [(0, 0.88, 0, 1, 0.24, 1, 1.0), (0, 0.38, 0, 0.86, 0.76, 0.8, 0.55)],
    'bench': [(0, 0.9, 0, 1, 0.2, 1, 1.0), (-0.4, 0.4, 0, 0.06, 0.8, 0.9, 0.5), (0.4, 0.4, 0, 0.06, 0.8, 0.9, 0.5)],
    'table': [(0, 0.95, 0, 1, 0.1, 1, 1.0)]
    + [(x, 0.45, z, 0.06, 0.9, 0.08, 0.6) for x, z in ((-0.44, -0.4), (0.44, -0.4), (-0.44, 0.4), (0.44, 0.4))],
    'car': [(0, 0.12, 0, 0.9, 0.24, 0.92, 0.15), (0, 0.42, 0, 1, 0.4, 1, 1.0),
        (-0.04, 0.76, 0, 0.52, 0.34, 0.86, 0.45)],
    'fence': [(x, 0.5, 0, 0.012, 1, 1, 0.8) for x in np.linspace(-0.48, 0.48, 7)]
    + [(0, y, 0, 1, 0.07, 0.7, 1.0) for y in (0.35, 0.92)],
    'sign': [(0, 0.4, 0, 0.08, 0.8, 0.6, 0.6), (0, 0.82, 0, 1, 0.36, 1, 1.0)],
    'board': [(0, 0.5, 0, 1, 1, 1, 1.0)],
    'cupboard': [(0, 0.5, 0, 1, 1, 1, 0.9)],
}  # fmt: skip
_FOUR_LEGS: list[tuple[float, ...]] = [
    (x, 0.58, z, x, 0.03, z, 0.055, 0.035, MAIN) for x, z in ((-0.3, 0.3), (-0.3, -0.3), (0.3, 0.3), (0.3, -0.3))
]
_BEAST: list[tuple[float, ...]] = [
    (-0.3, 0.68, 0, 0.28, 0.66, 0, 0.17, 0.16, MAIN), (-0.34, 0.7, 0, -0.44, 0.88, 0, 0.1, 0.07, MAIN),
    (-0.43, 0.9, 0, -0.56, 0.82, 0, 0.08, 0.05, MAIN), (0.36, 0.72, 0, 0.5, 0.55, 0, 0.03, 0.015, DARK), *_FOUR_LEGS,
]  # fmt: skip
_LIMBS: dict[str, list[tuple[float, ...]]] = {
    'post': [(0, 0, 0, 0, 1, 0, 0.5, 0.42, MAIN)],
    'tree': [(0, 0, 0, 0, 0.55, 0, 0.06, 0.04, SECOND)]
    + [(x, y, z, x, y + 0.02, z, r, r, MAIN) for x, y, z, r in (
        (0, 0.62, 0, 0.26), (-0.22, 0.55, 0.1, 0.2), (0.22, 0.58, 0.05, 0.2), (0.05, 0.8, -0.05, 0.2),
        (-0.1, 0.7, 0.15, 0.18))],
    'bush': [(x, y, z, x, y + 0.02, z, r, r, MAIN) for x, y, z, r in (
        (-0.28, 0.4, 0, 0.3), (0.05, 0.5, 0.1, 0.36), (0.32, 0.38, 0, 0.28), (0.1, 0.25, 0.2, 0.28))],
    'plant': [(0, 0.02, 0, 0, 0.25, 0, 0.22, 0.28, SECOND)]
    + [(0, 0.3, 0, x, y, z, 0.03, 0.1, MAIN) for x, y, z in (
        (-0.3, 0.8, 0.1), (0.3, 0.85, 0), (0, 0.95, -0.2), (0.1, 0.7, 0.3))],
    'bin': [(0, 0.02, 0, 0, 0.9, 0, 0.42, 0.5, MAIN), (0, 0.9, 0, 0, 0.95, 0, 0.52, 0.5, DARK)],
    'cone': [(0, 0.05, 0, 0, 0.95, 0, 0.4, 0.06, MAIN)],
    'ball': [(0, 0.5, 0, 0, 0.51, 0, 0.5, 0.5, MAIN)],
    'lamp': [(0, 0, 0, 0, 0.8, 0, 0.05, 0.05, DARK), (0, 0.78, 0, 0, 0.95, 0, 0.42, 0.3, MAIN)],
    'dog': _BEAST,
    'horse': _BEAST,
}  # fmt: skip


class _Block(NamedTuple):
    """One box of a thing: its corners (8, 3) in the world and how bright it is beside the thing's colour."""

    corners: Array
    tone: float


# Corners are numbered x + 2 y + 4 z; each face lists its corners in order around it.
_FACES = np.array([
    (0, 2, 6, 4), (1, 5, 7, 3), (0, 4, 5, 1), (2, 3, 7, 6), (0, 1, 3, 2), (4, 6, 7, 5),
])  # fmt: skip


def draw_thing(
    image: Image, owner: OwnerMap, thing: Thing, camera: Camera, light: Light, rng: np.random.Generator
) -> None:
    """Draw, in place, a thing over the image and into the map of who owns which pixel."""
    if thing.kind in _BLOCKS:
        for block in _blocks_of(thing):
            _draw_block(image, owner, block, thing, camera, light, rng)
        return
    layer = _limb_layer(thing, camera, light, image.shape)
    if layer is not None:
        lay_over(image, layer)
        own(owner, layer, THING_OWNER)


def own(owner: OwnerMap, layer: Layer, who: int) -> None:
    """Note, in place, that a layer's mask now belongs to `who`."""
    target, source = overlap(owner.shape, layer.window)
    owner[target][layer.mask[source]] = who


def _blocks_of(thing: Thing) -> list[_Block]:
    turn = rotation_about(1, thing.yaw)
    unit = np.array([[x, y, z] for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
    blocks = []
    for row in _BLOCKS[thing.kind]:
        corners = (np.array(row[:3]) + unit * row[3:6]) * thing.size
        blocks.append(_Block(corners @ turn.T + thing.position, row[6]))
    return blocks


def _draw_block(
    image: Image,
    owner: OwnerMap,
    block: _Block,
    thing: Thing,
    camera: Camera,
    light: Light,
    rng: np.random.Generator,
) -> None:
    """Draw, in place, the faces of a box that look towards the camera."""
    if camera.to_camera(block.corners)[:, 2].min() < 0.3:
        return
    pixels = camera.project(block.corners)
    if np.abs(pixels).max() > 8000:
        return
    centers = block.corners[_FACES].mean(axis=1)
    outward = centers - block.corners.mean(axis=0)
    towards_eye = np.array([0.0, camera.height, 0.0]) - centers
    normals = outward / (np.linalg.norm(outward, axis=1, keepdims=True) + 1e-9)
    above = 0.5 + 0.5 * normals[:, 1:2]
    lit = light.sky * above + light.bounce * (1 - above)
    lit += light.sun * np.maximum(normals @ light.direction, 0.0)[:, None]
    colors = np.clip(thing.color * block.tone * lit, 0, 255)
    for idx in np.flatnonzero((outward * towards_eye).sum(axis=1) > 0):
        _fill_face(image, owner, pixels[_FACES[idx]], colors[idx], rng)


def _fill_face(image: Image, owner: OwnerMap, polygon: Array, color: Array, rng: np.random.Generator) -> None:
    """Fill, in place, one face with a texture in shades of its colour, or plainly if it is small."""
    shape = image.shape
    corners = np.round(polygon).astype(np.int32)
    cv2.fillConvexPoly(owner, corners, THING_OWNER)
    x0, y0 = np.clip(corners.min(axis=0), 0, (shape[1], shape[0]))
    x1, y1 = np.clip(corners.max(axis=0) + 1, 0, (shape[1], shape[0]))
    if x1 <= x0 or y1 <= y0:
        return
    if (x1 - x0) * (y1 - y0) < 500:
        cv2.fillConvexPoly(image, corners, color.tolist(), cv2.LINE_AA)
        return
    name = str(rng.choice(['clouds', 'planks', 'grain', 'marble', 'weave', 'leaves']))
    patch = flat_texture(rng, name, int(x1 - x0), int(y1 - y0), rng.uniform(60, 300))
    mask = np.zeros(patch.shape, dtype=np.uint8)
    cv2.fillConvexPoly(mask, corners - (x0, y0), 1)
    colored = cv2.applyColorMap(patch, color_table(color * 0.75, color * 1.12))
    cv2.copyTo(colored, mask, image[y0:y1, x0:x1])
    cv2.polylines(image, [corners], True, (color * 0.7).tolist(), 1, cv2.LINE_AA)


def _limb_layer(thing: Thing, camera: Camera, light: Light, shape: tuple[int, ...]) -> Layer | None:
    """Return the layer of a thing of capsules, None where it cannot be seen."""
    rows = np.array(_LIMBS[thing.kind], dtype=np.float64)
    ends = rows[:, :6].reshape(-1, 3) * thing.size
    world = ends @ rotation_about(1, thing.yaw).T + thing.position
    if camera.to_camera(world)[:, 2].min() < 0.4:
        return None
    view = camera.view(world, 1.0)
    girth = float(thing.size[0] if thing.kind != 'horse' else 0.95 * thing.size[1])
    capsules = round_capsules(view.points[::2], view.points[1::2], rows[:, 6:8] * girth * view.scale.reshape(-1, 2))
    window = window_of(capsules, shape)
    if window is None:
        return None
    if window.width * window.height > _COARSE_AREA:
        width, height = window.width + window.width % 2, window.height + window.height % 2
        window = window._replace(width=width, height=height, zoom=0.5)
    surface = rasterise(capsules, window)
    seen = surface.part >= 0
    skinning = Skinning(rows[:, 8].astype(np.int64), np.zeros(len(rows)), _thing_materials(thing))
    towards = light._replace(direction=camera.rotate(light.direction))
    color = shade(surface, capsules, window, skinning, towards, float(view.scale.mean()))
    return make_layer(window, color, seen, seen)


def round_capsules(start: Array, stop: Array, radii: Array) -> Capsules:
    """Return capsules with round sections between points (N, 3) in view space."""
    along = stop - start
    length = np.linalg.norm(along, axis=1)
    along = along / np.maximum(length, 1e-6)[:, None]
    lateral = np.cross(along, (0.36, 0.48, 0.8))
    lateral = lateral / np.linalg.norm(lateral, axis=1, keepdims=True)
    axes = np.stack([lateral, along, np.cross(lateral, along)], axis=1)
    return Capsules(start, axes, length, radii, np.ones((len(start), 2), dtype=bool))


def window_of(capsules: Capsules, shape: tuple[int, ...], zoom: float = 1) -> Window | None:
    """Return the window that holds the capsules inside an image of `shape` (H, W), None if they are outside."""
    boxes = bounding_boxes(capsules)
    low = np.maximum(np.floor(boxes[:, :2].min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(boxes[:, 2:].max(axis=0)).astype(int) + 2, (shape[1], shape[0]))
    width, height = (high - low).tolist()
    return Window(int(low[0]), int(low[1]), width, height, zoom) if min(width, height) > 0 else None


def _thing_materials(thing: Thing) -> Materials:
    is_leafy = thing.kind in ('tree', 'bush', 'plant')
    color = np.stack([thing.color, np.array([60.0, 85.0, 110.0]), thing.color * 0.35])
    pattern = 'camouflage' if is_leafy else 'hoops' if thing.kind in ('cone', 'ball') else 'plain'
    names = [CLOTH_NAMES.index(name) for name in (pattern, 'camouflage', 'plain')]
    second = color * (0.45 if is_leafy else 1.6)
    folds = np.array([0.6 if is_leafy else 0.06, 0.3, 0.1])
    return Materials(color, second, np.array(names), np.full(3, 0.6), folds, np.full(3, 0.05))
