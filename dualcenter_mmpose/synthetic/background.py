"""Backdrops: sky, walls, buildings, trees and textured ground in the camera's perspective.

Legend: images are (H, W, 3) BGR. A texture tile is looked up per pixel, with a blurrier copy
where it is seen from afar, then coloured through a table of 256 colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from .appearance import sample_color
from .render import Image
from .scene import Scene
from .skeleton import Array
from .textures import SCENERY_NAMES, TILE, load_textures

_Painter = Callable[[Image, Scene, np.random.Generator], None]


def color_table(*stops: Sequence[float] | Array) -> Image:
    """Return a table (256, 1, 3) that runs through the BGR stops from grey 0 to grey 255."""
    places = np.linspace(0, 255, len(stops))
    columns = [np.interp(np.arange(256), places, np.array(stops)[:, c]) for c in range(3)]
    return np.clip(np.stack(columns, axis=1), 0, 255).astype(np.uint8)[:, None]


def _tones(rng: np.random.Generator, base: Sequence[float] | Array, contrast: float) -> Image:
    """Return a table about a base colour, from darker to lighter, with a slight change of hue."""
    middle = np.asarray(base, dtype=np.float64)
    dark = middle * (1 - contrast) + rng.normal(0, 5, 3)
    return color_table(dark, middle, middle * (1 + 0.7 * contrast) + rng.normal(0, 5, 3))


def flat_texture(rng: np.random.Generator, name: str, width: int, height: int, repeat: float) -> NDArray[np.uint8]:
    """Return a grey patch (height, width) of a tile that repeats every `repeat` px, from a random place of it."""
    step = TILE / max(repeat, 2.0)
    level = int(np.clip(np.log2(max(step, 1.0)), 0, 3))
    tiles = load_textures().scenery[SCENERY_NAMES.index(name), level]
    x0, y0 = rng.integers(0, TILE, 2)
    columns = (np.arange(width) * step + x0).astype(np.intp) & (TILE - 1)
    rows = (np.arange(height) * step + y0).astype(np.intp) & (TILE - 1)
    return np.take(np.take(tiles, rows, axis=0), columns, axis=1)


def ground_texture(
    scene: Scene, rng: np.random.Generator, name: str, period: float, first_row: int
) -> NDArray[np.uint8]:
    """Return the grey ground (H - first_row, W) below an image row, its tile repeating every `period` metres."""
    camera = scene.camera
    rows = np.arange(first_row, scene.height)
    slope = (rows - camera.center_xy[1]) / camera.focal
    sin, cos = np.sin(camera.pitch), np.cos(camera.pitch)
    reach = camera.height / np.maximum(slope * cos + sin, 1e-3)  # forward distance of the row's ground
    along = reach * (cos - slope * sin)
    footprint = np.abs(np.gradient(along)) if len(rows) > 1 else np.ones(1)
    level = np.clip(np.log2(np.maximum(footprint * TILE / period, 1.0)) - 0.5, 0, 3).astype(np.intp)
    row_place = (along / period * TILE + rng.integers(TILE)).astype(np.int64) & (TILE - 1)
    base = (level * TILE + row_place) * TILE
    column = ((np.arange(scene.width) - camera.center_xy[0]) / camera.focal * TILE / period).astype(np.float32)
    place = np.multiply.outer(reach.astype(np.float32), column)
    place += np.float32(65536 + rng.integers(TILE))
    index = place.astype(np.int32)
    index &= TILE - 1
    index += base.astype(np.int32)[:, None]
    tiles = load_textures().scenery[SCENERY_NAMES.index(name)].reshape(-1)
    return np.take(tiles, index)


def _paint_ground(
    image: Image, scene: Scene, rng: np.random.Generator, kinds: Sequence[tuple[str, float]], table: Image, row: float
) -> None:
    first = int(np.clip(row, 0, scene.height))
    if first < scene.height:
        name, period = kinds[int(rng.integers(len(kinds)))]
        image[first:] = cv2.applyColorMap(ground_texture(scene, rng, name, period, first), table)


def _horizon_row(scene: Scene) -> int:
    return int(np.clip(round(scene.camera.horizon), 0, scene.height))


def _paint_sky(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    last = min(scene.height, _horizon_row(scene) + 2)
    if last <= 0:
        return
    clouds = flat_texture(rng, 'clouds', scene.width, last, rng.uniform(300, 900))
    blue = np.array([rng.uniform(190, 245), rng.uniform(150, 190), rng.uniform(90, 150)])
    grey = np.array([rng.uniform(190, 225)] * 3)
    upper = blue if rng.random() < 0.6 else grey * 0.85
    image[:last] = cv2.applyColorMap(clouds, color_table(upper, upper * 0.5 + 118, (248, 248, 246)))


def _skyline(rng: np.random.Generator, width: int, roughness: float) -> Array:
    """Return a random walk (width,) between 0 and 1, smooth or jagged."""
    knots = max(4, int(width * roughness))
    walk = np.interp(np.linspace(0, 1, width), np.linspace(0, 1, knots), rng.random(knots))
    return walk * 0.7 + 0.3 * np.interp(np.linspace(0, 1, width), np.linspace(0, 1, 4), rng.random(4))


def _paint_ridge(
    image: Image, scene: Scene, rng: np.random.Generator, tall: float, color: Array, roughness: float
) -> None:
    """Paint hills or a line of trees that rises at most `tall` px above the horizon."""
    base = min(scene.height, _horizon_row(scene) + 3)
    top = base - tall * (0.35 + 0.65 * _skyline(rng, scene.width, roughness))
    first = int(max(0, top.min()))
    if first >= base:
        return
    rows = np.arange(first, base)[:, None]
    patch = flat_texture(rng, 'leaves', scene.width, base - first, rng.uniform(40, 160))
    colored = cv2.applyColorMap(patch, _tones(rng, color, 0.55))
    cv2.copyTo(colored, (rows >= top[None]).astype(np.uint8), image[first:base])


def _paint_buildings(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    base = min(scene.height, _horizon_row(scene) + int(rng.uniform(0, 0.05) * scene.height))
    left = -int(rng.integers(0, 40))
    while left < scene.width and base > 4:
        wide = int(rng.uniform(0.12, 0.4) * scene.width)
        top = int(max(0, base * rng.uniform(-0.4, 0.75)))
        x0, x1 = max(0, left), min(scene.width, left + wide)
        left += wide
        if rng.random() < 0.15 or x1 <= x0:
            continue
        name = 'facade' if rng.random() < 0.75 else 'bricks'
        patch = flat_texture(rng, name, x1 - x0, base - top, rng.uniform(60, 260))
        wall = sample_color(rng, 0.2) * 0.5 + 70
        image[top:base, x0:x1] = cv2.applyColorMap(patch, color_table(wall * 0.25, wall, wall * 1.25 + 20))


def _paint_field(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    _paint_sky(image, scene, rng)
    green = np.array([60.0, 120.0, 90.0]) * rng.uniform(0.6, 1.2, 3)
    if rng.random() < 0.5:
        _paint_ridge(image, scene, rng, scene.height * 0.3, np.array([120, 110, 90.0]), 0.02)
    _paint_ridge(image, scene, rng, scene.height * rng.uniform(0.1, 0.5), green * 0.6, 0.12)
    kinds = (('grass', 1.5), ('leaves', 3.0), ('gravel', 2.0), ('blotches', 5.0))
    _paint_ground(image, scene, rng, kinds, _tones(rng, green, 0.4), scene.camera.horizon)


def _paint_street(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    _paint_sky(image, scene, rng)
    _paint_buildings(image, scene, rng)
    if rng.random() < 0.5:
        _paint_ridge(image, scene, rng, scene.height * 0.2, np.array([45, 80, 55.0]), 0.15)
    grey = np.full(3, rng.uniform(85, 175)) + rng.normal(0, 8, 3)
    kinds = (('tiles', 2.4), ('bricks', 1.6), ('grain', 1.5), ('gravel', 3.0), ('marble', 9.0))
    _paint_ground(image, scene, rng, kinds, _tones(rng, grey, 0.3), scene.camera.horizon)


def _paint_beach(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    _paint_sky(image, scene, rng)
    sea = np.array([rng.uniform(120, 190), rng.uniform(110, 160), rng.uniform(50, 110)])
    _paint_ground(image, scene, rng, (('planks', 6.0), ('grass', 5.0)), _tones(rng, sea, 0.35), scene.camera.horizon)
    sand = np.array([140.0, 180.0, 205.0]) * rng.uniform(0.8, 1.1)
    shore = scene.camera.horizon + scene.height * rng.uniform(0.03, 0.25)
    _paint_ground(image, scene, rng, (('gravel', 1.2), ('clouds', 2.5)), _tones(rng, sand, 0.2), shore)


def _paint_snow(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    _paint_sky(image, scene, rng)
    _paint_ridge(image, scene, rng, scene.height * 0.4, np.array([190, 180, 170.0]), 0.03)
    if rng.random() < 0.6:
        _paint_ridge(image, scene, rng, scene.height * 0.2, np.array([60, 70, 50.0]), 0.2)
    white = np.array([232.0, 226.0, 220.0])
    _paint_ground(image, scene, rng, (('clouds', 5.0), ('gravel', 2.0)), _tones(rng, white, 0.12), scene.camera.horizon)


def _paint_court(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    row = _horizon_row(scene)
    back = scene.height if row < 2 else min(scene.height, row + 2)
    name = str(rng.choice(['crowd', 'weave', 'facade', 'planks', 'leaves']))
    patch = flat_texture(rng, name, scene.width, back, rng.uniform(90, 260))
    tone = sample_color(rng, 0.5) * 0.6 + 30
    stops = (
        (tone * 0.3, sample_color(rng, 0.8), tone, sample_color(rng, 0.8)) if name == 'crowd' else (tone * 0.5, tone)
    )
    image[:back] = cv2.applyColorMap(patch, color_table(*stops))
    floor = sample_color(rng, 0.75) * 0.7 + 40
    kinds = (('grain', 1.0), ('clouds', 6.0), ('grass', 1.0), ('planks', 1.2))
    _paint_ground(image, scene, rng, kinds, _tones(rng, floor, 0.14), scene.camera.horizon + 2)
    for _ in range(int(rng.integers(2, 7))):
        _paint_line(image, scene, rng)


def _paint_line(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    """Paint a straight white line on the ground."""
    near = scene.camera.height * rng.uniform(2, 5)
    start = np.array([rng.uniform(-8, 8), 0, -near])
    ahead = rng.random() < 0.5
    stop = start + np.array([0, 0, -rng.uniform(6, 20)] if ahead else [rng.uniform(5, 14), 0, 0])
    ends = scene.camera.project(np.stack([start, stop]))
    ends = np.clip(ends, -4000, 4000).astype(int)
    width = int(np.clip(0.09 * scene.camera.focal / near, 1, 12))
    cv2.line(image, ends[0].tolist(), ends[1].tolist(), (235, 235, 235), width, cv2.LINE_AA)


def _paint_room(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    """Paint a wall behind everybody, with things on it, and a floor."""
    far = max([person.distance for person in scene.people], default=5.0) * rng.uniform(1.1, 1.8) + 0.5
    foot = scene.camera.project(np.array([0.0, 0.0, -far]))[1]
    base = int(np.clip(foot, 0.25 * scene.height, scene.height))
    name = str(rng.choice(['clouds', 'grain', 'bricks', 'planks', 'weave', 'shelves', 'tiles']))
    patch = flat_texture(rng, name, scene.width, base, rng.uniform(150, 400))
    wall = sample_color(rng, 0.4) * 0.5 + 100
    image[:base] = cv2.applyColorMap(patch, _tones(rng, wall, 0.45 if name == 'shelves' else 0.16))
    for _ in range(int(rng.integers(1, 7))):
        _hang_on_wall(image, scene, rng, base)
    floor = sample_color(rng, 0.15) * 0.6 + 60
    kinds = (('planks', 1.6), ('tiles', 1.8), ('marble', 3.0), ('grain', 0.8), ('weave', 1.2))
    _paint_ground(image, scene, rng, kinds, _tones(rng, floor, 0.3), base)
    cv2.line(image, (0, base), (scene.width, base), (wall * 0.5).tolist(), 1 + base // 90)


def _hang_on_wall(image: Image, scene: Scene, rng: np.random.Generator, base: int) -> None:
    """Paint a picture, a door, a window, a poster or a shelf as a framed patch."""
    wide = int(rng.uniform(0.08, 0.35) * scene.width)
    tall = int(np.clip(wide * rng.uniform(0.5, 2.2), 6, max(8, 0.8 * base)))
    x0 = int(rng.uniform(-0.1, 0.95) * scene.width)
    y0 = int(rng.uniform(0, max(1, base - tall)))
    x0, x1, y1 = max(0, x0), min(scene.width, x0 + wide), min(base, y0 + tall)
    if x1 - x0 < 6 or y1 - y0 < 6:
        return
    name = str(rng.choice(['shelves', 'clouds', 'marble', 'blotches', 'crowd', 'facade', 'grain', 'leaves']))
    patch = flat_texture(rng, name, x1 - x0, y1 - y0, rng.uniform(60, 240))
    stops = [sample_color(rng, 0.6) for _ in range(3)]
    image[y0:y1, x0:x1] = cv2.applyColorMap(patch, color_table(*stops))
    cv2.rectangle(image, (x0, y0), (x1 - 1, y1 - 1), sample_color(rng, 0.2).tolist(), int(rng.integers(1, 5)))


def _paint_patchwork(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    """Paint no place at all: textured patches of any colour, so that nothing but people looks like people."""
    name = str(rng.choice(SCENERY_NAMES))
    patch = flat_texture(rng, name, scene.width, scene.height, rng.uniform(100, 500))
    image[:] = cv2.applyColorMap(patch, color_table(*(sample_color(rng, 0.6) for _ in range(3))))
    for _ in range(int(rng.integers(4, 14))):
        _hang_on_wall(image, scene, rng, scene.height)


def _lay_patch(image: Image, scene: Scene, rng: np.random.Generator) -> None:
    """Lay a path, a rug, a puddle or the shadow of something unseen on the ground, half transparent."""
    near = scene.camera.height * float(np.exp(rng.uniform(0.6, 2.6)))
    center = scene.camera.ground_position(rng.uniform(0, scene.width), near)
    size = near * rng.uniform(0.1, 0.5) * np.array([1.0, 0.0, rng.choice([0.6, 1.5, 5.0])])
    angles = np.radians(rng.uniform(0, 360) + np.linspace(0, 360, int(rng.integers(4, 9)), endpoint=False))
    rim = center + np.column_stack([np.cos(angles), np.zeros_like(angles), np.sin(angles)]) * size
    if scene.camera.to_camera(rim)[:, 2].min() < 0.3:
        return
    corners = np.clip(scene.camera.project(rim), -4000, 4000).astype(np.int32)
    top, bottom = np.clip([corners[:, 1].min(), corners[:, 1].max() + 1], 0, scene.height)
    if bottom - top < 2:
        return
    patch = image[top:bottom].copy()
    cv2.fillConvexPoly(patch, corners - (0, top), sample_color(rng, 0.3).tolist(), cv2.LINE_AA)
    strength = rng.uniform(0.2, 0.8)
    image[top:bottom] = cv2.addWeighted(patch, strength, image[top:bottom], 1 - strength, 0)


_PAINTERS: dict[str, _Painter] = {
    'field': _paint_field,
    'street': _paint_street,
    'beach': _paint_beach,
    'snow': _paint_snow,
    'court': _paint_court,
    'room': _paint_room,
    'hall': _paint_room,
    'patchwork': _paint_patchwork,
}


def paint_background(scene: Scene, rng: np.random.Generator) -> Image:
    """Return the backdrop (H, W, 3) of a scene, in its light, before shadows, things and people."""
    image = np.empty((scene.height, scene.width, 3), dtype=np.uint8)
    image[:] = (sample_color(rng, 0.3) * 0.5 + 60).astype(np.uint8)
    _PAINTERS[scene.setting](image, scene, rng)
    for _ in range(int(rng.integers(0, 5))):
        _lay_patch(image, scene, rng)
    return _shine(image, scene, rng)


def _shine(image: Image, scene: Scene, rng: np.random.Generator) -> Image:
    """Return the image in the scene's light, which falls unevenly."""
    factor = scene.light.exposure * rng.uniform(0.65, 1.15, (4, 5, 1))
    factor = np.clip(factor * 160, 0, 255).astype(np.uint8)
    field = cv2.resize(factor, (scene.width, scene.height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(image, field, scale=1 / 160)
