"""Figures to pixels: shade what the rasteriser saw and hand over a layer.

Legend: h, w are the samples of a window (its pixels times its zoom), n the samples that see
something. A `Layer` is premultiplied: colour times alpha, so that laying it over an image is
`image * (1 - alpha) + color`.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .appearance import Materials
from .light import Light
from .raster import Capsules, Map, Surface, Window
from .skeleton import Array
from .textures import TILE, load_textures

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Skinning(NamedTuple):
    """What covers the capsules: the material of each (N,), where its pattern begins (N,) in m, and the materials."""

    material: NDArray[np.int64]
    offset: Array
    materials: Materials


class Layer(NamedTuple):
    """A shaded window: `color` (H, W, 3) premultiplied, `alpha` (H, W), and `mask` (H, W), the part that counts."""

    window: Window
    color: Image
    alpha: Image
    mask: Mask


def shade(
    surface: Surface,
    capsules: Capsules,
    window: Window,
    skinning: Skinning,
    light: Light,
    pixels_per_metre: float,
) -> Image:
    """Return the BGR colours (h, w, 3) of a surface, zero where there is none; `light` points in view space."""
    color = np.zeros((*surface.part.shape, 3), dtype=np.uint8)
    seen = surface.part >= 0
    place = np.flatnonzero(seen)
    if len(place) == 0:
        return color
    row, column = np.divmod(place, surface.part.shape[1])
    part = surface.part.ravel()[place].astype(np.intp)
    depth = surface.depth.ravel()[place]
    points = (window.columns()[column], window.rows()[row], depth)
    normal, across, along = surface_frame(capsules, part, points)
    normal = _soften(normal, place, seen, pixels_per_metre * window.zoom)
    metres = np.float32(1.0 / pixels_per_metre)
    along = along * metres + np.take(skinning.offset.astype(np.float32), part)
    material = np.take(skinning.material, part)
    light_maps = _irradiance(normal, light)
    cloth, relief, gloss = _material_maps(skinning.materials, material, across * metres, along)
    relief *= _contact(surface.depth, seen, pixels_per_metre * window.zoom).ravel()[place]
    shine = gloss * _highlight(normal, light)
    mixed = np.empty((len(place), 3), dtype=np.uint8)
    table = skinning.materials
    for channel in range(3):
        base = np.take(table.color[:, channel].astype(np.float32), material)
        change = np.take((table.second - table.color)[:, channel].astype(np.float32), material)
        change *= cloth
        base += change
        base *= light_maps[channel]
        base *= relief
        base += shine * np.float32(255.0 * light.sun[channel])
        mixed[:, channel] = np.minimum(base, 255)
    color.reshape(-1, 3)[place] = mixed
    return color


def surface_frame(capsules: Capsules, part: NDArray[np.intp], points: tuple[Map, Map, Map]) -> tuple[Map, Map, Map]:
    """Return unit normals (3, n) in view space and the places (n,) across and along the capsule that is seen."""
    flat = 1.0 / (1.0 - capsules.taper**2)
    shift = capsules.taper * capsules.radii[:, 0] * flat
    extras = np.column_stack([capsules.start, flat, shift, capsules.length])
    table = np.concatenate([capsules.axes.reshape(-1, 9), extras], axis=1).T.astype(np.float32)
    (ax, ay, az, bx, by, bz, cx, cy, cz, sx, sy, sz, flat, shift, length) = np.take(table, part, axis=1)
    x, y, z = points[0] - sx, points[1] - sy, points[2] - sz
    across, along = ax * x + ay * y + az * z, bx * x + by * y + bz * z
    front = cx * x + cy * y + cz * z
    # The sphere of the sweep that touches the cone at `along` has its centre at (along - k r0) / (1 - k^2).
    rest = along - np.minimum(np.maximum(along * flat - shift, 0), length)
    normal = np.stack([
        ax * across + bx * rest + cx * front,
        ay * across + by * rest + cy * front,
        az * across + bz * rest + cz * front,
    ])  # fmt: skip
    normal /= np.sqrt(np.einsum('in,in->n', normal, normal)) + np.float32(1e-6)
    return normal, across, along


def _soften(normal: Map, place: NDArray[np.intp], seen: Mask, pixels_per_metre: float) -> Map:
    """Return the normals (3, n) averaged with their surroundings: cloth bridges the creases between capsules."""
    reach = int(0.055 * pixels_per_metre) | 1
    if reach < 3:
        return normal
    canvas = np.zeros((*seen.shape, 3), dtype=np.float32)
    canvas.reshape(-1, 3)[place] = normal.T
    canvas = cv2.blur(canvas, (reach, reach))
    smooth = np.ascontiguousarray(canvas.reshape(-1, 3)[place].T)
    smooth *= 2.0
    smooth += normal
    smooth /= np.sqrt(np.einsum('in,in->n', smooth, smooth)) + np.float32(1e-6)
    return smooth


def _along(normal: Map, direction: Array) -> Map:
    """Return normal . direction (n,); written out, since a matrix product would start threads."""
    x, y, z = direction.astype(np.float32)
    product: Map = normal[0] * x
    product += normal[1] * y
    product += normal[2] * z
    return product


def _irradiance(normal: Map, light: Light) -> Map:
    """Return the light (3, n) per colour channel that falls on the normals: sun, sky from above, bounce from below."""
    toward = _along(normal, light.direction)
    sun = np.maximum(np.float32(0.88) * toward + np.float32(0.12), 0)
    above = 0.5 - 0.5 * normal[1]
    facing = 0.72 + 0.28 * np.abs(normal[2])
    mixed = np.empty_like(normal)
    for channel in range(3):
        sky, bounce = np.float32(light.sky[channel]), np.float32(light.bounce[channel])
        np.multiply(above, sky - bounce, out=mixed[channel])
        mixed[channel] += bounce
        mixed[channel] *= facing
        mixed[channel] += sun * np.float32(light.sun[channel])
    return mixed


def _highlight(normal: Map, light: Light) -> Map:
    """Return the mirror term (n,) for a viewer at infinity, (normal . halfway)^16."""
    halfway = light.direction - np.array([0.0, 0.0, 1.0])
    halfway = halfway / np.linalg.norm(halfway)
    shine = np.maximum(_along(normal, halfway), 0)
    for _ in range(4):
        shine *= shine
    return shine


def _material_maps(materials: Materials, material: NDArray[np.int64], across: Map, along: Map) -> tuple[Map, Map, Map]:
    """Return, each (n,), the share of the pattern's second colour, the relief factor of folds, and the gloss."""
    textures = load_textures()
    repeat = np.take((TILE / materials.period).astype(np.float32), material)
    row = (along * repeat).astype(np.int32) & (TILE - 1)
    column = (across * repeat + np.float32(TILE / 2)).astype(np.int32) & (TILE - 1)
    pattern = np.take(materials.pattern, material)
    cloth = np.take(textures.cloth, (pattern * TILE + row) * TILE + column)
    fold = np.float32(TILE / 0.55)
    row = (along * fold).astype(np.int32) & (TILE - 1)
    column = (across * fold).astype(np.int32) & (TILE - 1)
    relief = np.take(textures.folds, row * TILE + column)
    relief *= np.take(materials.folds.astype(np.float32), material)
    relief += 1.0  # stays above 0, since folds are weaker than 1
    return cloth, relief, np.take(materials.gloss.astype(np.float32), material)


def _contact(depth: Map, seen: Mask, pixels_per_metre: float) -> Map:
    """Return a factor (h, w), below 1 where the surface lies behind what surrounds it, as under an arm or a chin."""
    reach = max(3, int(0.07 * pixels_per_metre) | 1)
    weight = seen.astype(np.float32)
    filled = np.where(seen, depth, 0.0).astype(np.float32)
    around = cv2.blur(filled, (reach, reach)) / (cv2.blur(weight, (reach, reach)) + np.float32(1e-3))
    filled -= around
    filled *= np.float32(9.0 / pixels_per_metre)
    dark: Map = np.minimum(np.maximum(filled, 0), 1)
    return 1 - np.float32(0.5) * dark


def make_layer(window: Window, color: Image, covered: Mask, counted: Mask) -> Layer:
    """Return the layer of a window from its samples: averaged to pixels, edges smoothed.

    Args:
        window: The window, with its zoom.
        color: Colours (h, w, 3), zero where nothing is.
        covered: Samples (h, w) that hide what is behind them.
        counted: Those of them (h, w) that belong to the mask.
    """
    alpha = covered.astype(np.uint8) * np.uint8(255)
    share = counted.astype(np.uint8) * np.uint8(255)
    if window.zoom == 1:
        # A pixel-sized blur of premultiplied colour is what an area average would be at the edges.
        color, alpha = (cv2.GaussianBlur(item, (3, 3), 0.55) for item in (color, alpha))
        return Layer(window, color, alpha, counted)
    size = (window.width, window.height)
    method = cv2.INTER_AREA if window.zoom > 1 else cv2.INTER_LINEAR
    color, alpha, share = (cv2.resize(item, size, interpolation=method) for item in (color, alpha, share))
    return Layer(window._replace(zoom=1), color, alpha, share > 127)


def lay_over(image: Image, layer: Layer) -> None:
    """Lay, in place, the part of a layer that is inside the image over it."""
    target, source = overlap(image.shape[:2], layer.window)
    if image[target].size == 0:
        return
    alpha = layer.alpha[source]
    keep = cv2.merge([255 - alpha] * 3)
    image[target] = cv2.add(cv2.multiply(image[target], keep, scale=1 / 255), layer.color[source])


def overlap(shape: tuple[int, ...], window: Window) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the slices of an image of `shape` (H, W) and of a window's pixels where they overlap."""
    x0, x1 = max(0, window.x0), min(shape[1], window.x0 + window.width)
    y0, y1 = max(0, window.y0), min(shape[0], window.y0 + window.height)
    x1, y1 = max(x0, x1), max(y0, y1)
    target = (slice(y0, y1), slice(x0, x1))
    return target, (slice(y0 - window.y0, y1 - window.y0), slice(x0 - window.x0, x1 - window.x0))
