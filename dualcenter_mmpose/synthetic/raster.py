"""Depth and part maps of tapered capsules, by exact ray intersection.

Legend: N capsules. A capsule is the hull of two spheres, flattened in the two directions across
its axis; an ellipsoid is a capsule of no length. All rays run along +depth (view space, see
`camera`), so that along each image row and column every intersection is a quadratic polynomial,
which is what makes this fast in numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .skeleton import Array

Map = NDArray[np.float32]
PartMap = NDArray[np.int16]


_FLATTEST = 1e-4


class Capsules(NamedTuple):
    """N placed capsules in view space (px)."""

    start: Array  # (N, 3)
    axes: Array  # (N, 3, 3) rows: lateral, along, front; divided by the flattening, so a capsule is round in these axes
    length: Array  # (N,)
    radii: Array  # (N, 2) at the start and at the end
    caps: NDArray[np.bool_]  # (N, 2) whether the start and the end are closed by a sphere

    @property
    def taper(self) -> Array:
        """Return the sine of the taper angle (N,), zero where both radii are equal."""
        drop = self.radii[:, 0] - self.radii[:, 1]
        return np.clip(drop / np.maximum(self.length, 1e-6), -0.95, 0.95)

    @property
    def stop(self) -> Array:
        """Return the end points (N, 3)."""
        lengths = self.length / (self.axes[:, 1] ** 2).sum(axis=1)
        return self.start + self.axes[:, 1] * lengths[:, None]


class Window(NamedTuple):
    """A rectangle of whole image pixels, its corner and size, sampled `zoom` times as densely as pixels.

    A zoom of 0.5 needs an even width and height.
    """

    x0: int
    y0: int
    width: int
    height: int
    zoom: float = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of sample rows and columns."""
        return round(self.height * self.zoom), round(self.width * self.zoom)

    def columns(self) -> Map:
        """Return the x of the sample columns in image px (pixel centres at whole numbers)."""
        return _samples(self.x0, self.shape[1], self.zoom)

    def rows(self) -> Map:
        """Return the y of the sample rows in image px."""
        return _samples(self.y0, self.shape[0], self.zoom)


class Surface(NamedTuple):
    """What each sample of a window sees: `depth` (h, w) px, infinite where nothing is, and `part` (h, w), -1 there."""

    depth: Map
    part: PartMap


class _Quadrics(NamedTuple):
    """Quadric surfaces G, h, c about a point: x.G.x + 2 h.x + c = 0, kept where `low` < along < `high`."""

    part: NDArray[np.int64]
    point: Array
    matrix: Array
    linear: Array
    constant: Array
    along: Array
    limits: Array
    box: Array


def _samples(first: int, count: int, zoom: float) -> Map:
    return ((np.arange(count) + 0.5) / zoom - 0.5 + first).astype(np.float32)


def bounding_boxes(capsules: Capsules) -> Array:
    """Return the image boxes (N, 4) = x0, y0, x1, y1 of the capsules, in px."""
    # The axes' rows are orthogonal with length 1 / flattening, so the inverse's columns are rows / length^2.
    inverse = capsules.axes / (capsules.axes**2).sum(axis=2, keepdims=True)
    reach = np.sqrt((inverse**2).sum(axis=1))[:, :2]
    centers = np.stack([capsules.start[:, :2], capsules.stop[:, :2]])
    extents = reach[None] * capsules.radii.T[:, :, None]
    return np.hstack([(centers - extents).min(axis=0), (centers + extents).max(axis=0)])


def _spheres(capsules: Capsules, end: int, boxes: Array) -> _Quadrics:
    rows = np.flatnonzero(capsules.caps[:, end])
    axes = capsules.axes[rows]
    count = len(rows)
    return _Quadrics(
        part=rows,
        point=(capsules.stop if end else capsules.start)[rows],
        matrix=axes.transpose(0, 2, 1) @ axes,
        linear=np.zeros((count, 3)),
        constant=-(capsules.radii[rows, end] ** 2),
        along=np.zeros((count, 3)),
        limits=np.tile([0.0, np.inf], (count, 1)),
        box=boxes[rows],
    )


def _cones(capsules: Capsules, boxes: Array) -> _Quadrics:
    """Return the tangent cones between the end spheres: rho cos = r0 - k along, k the sine of the taper."""
    # A capsule much shorter than thick is an ellipsoid, which its first sphere draws.
    rows = np.flatnonzero(capsules.length > 0.15 * capsules.radii[:, 0])
    axes, taper, radius = capsules.axes[rows], capsules.taper[rows], capsules.radii[rows, 0]
    flat = 1.0 - taper**2
    signature = np.stack([np.ones_like(taper), -(taper**2) / flat, np.ones_like(taper)], axis=1)
    low = taper * radius
    return _Quadrics(
        part=rows,
        point=capsules.start[rows],
        matrix=axes.transpose(0, 2, 1) @ (signature[:, :, None] * axes),
        linear=(taper * radius / flat)[:, None] * axes[:, 1],
        constant=-(radius**2) / flat,
        along=axes[:, 1],
        limits=np.column_stack([low, low + capsules.length[rows] * flat]),
        box=boxes[rows],
    )


def rasterise(capsules: Capsules, window: Window) -> Surface:
    """Return the nearest capsule and its depth for each sample of the window."""
    surface = Surface(np.full(window.shape, np.inf, np.float32), np.full(window.shape, -1, np.int16))
    boxes = bounding_boxes(capsules)
    with np.errstate(invalid='ignore'):
        _draw(_cones(capsules, boxes), window, surface)
        for end in (0, 1):
            _draw(_spheres(capsules, end, boxes), window, surface)
    return surface


class _Terms(NamedTuple):
    """The one-dimensional terms of N quadrics along the sample columns (N, w) and rows (N, h)."""

    root_x: Map
    root_y: Map
    root_xy: Map  # (N, h), to be multiplied by `x`
    x: Map  # (N, w)
    depth_x: Map
    depth_y: Map
    along_x: Map
    along_y: Map


def _curvature(quadrics: _Quadrics) -> Array:
    """Return a (N,) of the quadrics' equations in depth, kept away from zero."""
    a = quadrics.matrix[:, 2, 2]
    return np.where(np.abs(a) > _FLATTEST, a, np.copysign(_FLATTEST, a))


def _expand(quadrics: _Quadrics, window: Window) -> _Terms:
    """Return the terms of depth = depth_x + depth_y - sqrt(root_x + root_y + root_xy x) for all samples.

    With offsets x, y, z from the quadric's point its equation is a z^2 + 2 b z + c = 0 with a = G_zz,
    b = G_xz x + G_yz y + h_z and c = G_xx x^2 + 2 G_xy x y + G_yy y^2 + 2 h_x x + 2 h_y y + constant; the near root is
    z = -b/a - sqrt((b/a)^2 - c/a). A ray steeper than a cone opens (a < 0) crosses it once; the root with the other
    sign is then the one on the cone, not on its mirror image beyond the apex.
    """
    matrix, linear, point, along = quadrics.matrix, quadrics.linear, quadrics.point, quadrics.along
    a = _curvature(quadrics)
    gxx, gyy, gxy = matrix[:, 0, 0] / a, matrix[:, 1, 1] / a, matrix[:, 0, 1] / a
    px, py, p0 = matrix[:, 0, 2] / a, matrix[:, 1, 2] / a, linear[:, 2] / a
    hx, hy = linear[:, 0] / a, linear[:, 1] / a
    middle = np.where(quadrics.limits[:, 1] < np.inf, quadrics.limits.mean(axis=1), 0.0)
    factors = np.stack([
        px**2 - gxx, 2 * (px * p0 - hx), py**2 - gyy, 2 * (py * p0 - hy), p0**2 - quadrics.constant / a,
        2 * (px * py - gxy), -px, -py, point[:, 2] - p0, along[:, 0], along[:, 1],
        -along[:, 2] * point[:, 2] - middle, point[:, 0], point[:, 1],
    ])[..., None].astype(np.float32)  # fmt: skip
    xx, x1, yy, y1, one, xy, dx, dy, d0, vx, vy, v0, x0, y0 = factors
    x, y = window.columns() - x0, window.rows() - y0
    return _Terms(
        root_x=(xx * x + x1) * x,
        root_y=(yy * y + y1) * y + one,
        root_xy=xy * y,
        x=x,
        depth_x=dx * x,
        depth_y=dy * y + d0,
        along_x=vx * x,
        along_y=vy * y + v0,
    )


def _draw(quadrics: _Quadrics, window: Window, surface: Surface) -> None:
    """Keep, in place, the nearest hits of the quadrics."""
    terms = _expand(quadrics, window)
    half = 0.5 * (quadrics.limits[:, 1] - quadrics.limits[:, 0])
    spans = _spans(quadrics.box, window)
    is_steep = _curvature(quadrics) < 0
    columns = (spans, quadrics.part, half, quadrics.along[:, 2], is_steep)
    for idx, ((x0, y0, x1, y1), part, reach, along_z, steep) in enumerate(zip(*(c.tolist() for c in columns))):
        if x0 >= x1 or y0 >= y1:
            continue
        root = np.multiply(terms.root_xy[idx, y0:y1, None], terms.x[idx, x0:x1])
        root += terms.root_x[idx, x0:x1]
        root += terms.root_y[idx, y0:y1, None]
        np.sqrt(root, out=root)
        combine = np.add if steep else np.subtract
        depth = combine(terms.depth_x[idx, x0:x1], root, out=root)
        depth += terms.depth_y[idx, y0:y1, None]
        nearer = depth < surface.depth[y0:y1, x0:x1]
        if reach < np.inf:
            along = depth * along_z
            along += terms.along_x[idx, x0:x1]
            along += terms.along_y[idx, y0:y1, None]
            nearer &= np.abs(along, out=along) < reach
        hit = nearer.view(np.uint8)
        cv2.copyTo(depth, hit, surface.depth[y0:y1, x0:x1])
        cv2.copyTo(np.full(depth.shape, part, np.int16), hit, surface.part[y0:y1, x0:x1])


def _spans(boxes: Array, window: Window) -> NDArray[np.int64]:
    """Return the half-open sample ranges (N, 4) = x0, y0, x1, y1 that the boxes cover, clipped to the window."""
    origin = np.array([window.x0, window.y0] * 2) - 0.5
    spans = (boxes - origin) * window.zoom
    spans[:, :2], spans[:, 2:] = np.floor(spans[:, :2]), np.ceil(spans[:, 2:])
    size = np.array([window.width, window.height] * 2) * window.zoom
    return np.clip(spans, 0, size).astype(np.int64)
