"""The table of parts: flattened, tapered capsules whose ends are mixtures of a figure's points.

Legend: P points of a figure (see `skeleton`), N parts. Every end of a part is an affine mixture of points, written as a
row of P weights, so that the same table dresses any pose, whether it comes from joint angles or from a layout. Lengths
are fractions of the stature.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .appearance import Outfit
from .camera import View
from .raster import Capsules
from .skeleton import MARKER_OFFSETS, POINT, POINT_NAMES, Array, Physique

_HEAD_HEIGHT = float(MARKER_OFFSETS[5, 1])  # of `head_center` above the head joint


class Parts(NamedTuple):
    """N capsules tied to points: weights of both ends and of the lateral direction, sizes and materials."""

    start: Array  # (N, P)
    stop: Array  # (N, P)
    lateral: Array  # (N, P), weights summing to 0
    radii: Array  # (N, 2)
    flatten: Array  # (N, 2) across the axis: lateral, front
    material: NDArray[np.int64]  # (N,)
    caps: NDArray[np.bool_]  # (N, 2)
    offset: Array  # (N,) where along the garment's pattern the part begins


def _at(name: str) -> Array:
    row = np.zeros(len(POINT_NAMES))
    row[POINT[name]] = 1.0
    return row


ROW = {name: _at(name) for name in POINT_NAMES}


def mix(first: Array | str, second: Array | str, part: float) -> Array:
    """Return the weights of the point `part` of the way from `first` to `second`."""
    first = ROW[first] if isinstance(first, str) else first
    second = ROW[second] if isinstance(second, str) else second
    return (1.0 - part) * first + part * second


ACROSS_CHEST = ROW['left_shoulder'] - ROW['right_shoulder']
ACROSS_HIPS = ROW['left_hip'] - ROW['right_hip']
ACROSS_HEAD = ROW['head_left'] - ROW['head_center']
HEAD_UP = ROW['head_up'] - ROW['head_center']
HEAD_FRONT = ROW['head_front'] - ROW['head_center']
UPWARD = ROW['lumbar'] - ROW['pelvis']
CHEST_FRONT = 10.0 * (ROW['chest_front'] - mix('chest', 'neck', 0.41))
PELVIS_FRONT = 10.0 * (ROW['pelvis_front'] - ROW['pelvis'])


def in_head(x: float, y: float, z: float) -> Array:
    """Return the weights of a place in the head's frame (x to its left, y up, z forward from the skull's base)."""
    place = 10.0 * (x * ACROSS_HEAD + (y - _HEAD_HEIGHT) * HEAD_UP + z * HEAD_FRONT)
    return ROW['head_center'] + place


# Which ends of a part are closed.
OPEN, FIRST, LAST, BOTH = (False, False), (True, False), (False, True), (True, True)


class Assembly:
    """Rows of the parts table under construction."""

    def __init__(self, physique: Physique, outfit: Outfit) -> None:
        self.physique, self.outfit = physique, outfit
        self.rows: list[tuple[Array, Array, Array]] = []
        self.sizes: list[tuple[float, ...]] = []

    def cone(
        self,
        ends: tuple[Array, Array],
        radii: tuple[float, float],
        material: int,
        across: Array = ACROSS_HIPS,
        flatten: tuple[float, float] = (1.0, 1.0),
        caps: tuple[bool, bool] = BOTH,
        offset: float = 0.0,
    ) -> None:
        """Add a capsule from one end to the other."""
        self.rows.append((ends[0], ends[1], across))
        self.sizes.append((*radii, *flatten, material, *caps, offset))

    def blob(self, center: Array, sizes: tuple[float, float, float], material: int) -> None:
        """Add an ellipsoid of the head, `sizes` being its half axes to the left, up and to the front."""
        width, height, depth = (size * self.physique.head_size for size in sizes)
        ends = (center, center + 0.002 * HEAD_UP)
        flatten = (width / height, depth / height)
        self.cone(ends, (height, height), material, ACROSS_HEAD, flatten, FIRST)

    def strand(
        self,
        start: Array,
        stop: Array,
        radii: tuple[float, float],
        material: int,
        width: float = 1.0,
        caps: tuple[bool, bool] = LAST,
    ) -> None:
        """Add a capsule of the head, `width` times as wide as thick."""
        size = self.physique.head_size
        self.cone((start, stop), (radii[0] * size, radii[1] * size), material, ACROSS_HEAD, (width, 1.0), caps)

    def finish(self) -> Parts:
        """Return the table of all rows added so far."""
        start, stop, lateral = (np.array(rows) for rows in zip(*self.rows))
        sizes = np.array(self.sizes)
        return Parts(
            start, stop, lateral, sizes[:, :2], sizes[:, 2:4], sizes[:, 4].astype(np.int64),
            sizes[:, 5:7] > 0, sizes[:, 7],
        )  # fmt: skip


def place_parts(parts: Parts, view: View, keep: NDArray[np.bool_] | None = None) -> Capsules:
    """Return the parts as capsules in view space for a figure there; `keep` (N,) selects some of them."""
    rows = slice(None) if keep is None else keep
    start, stop = parts.start[rows] @ view.points, parts.stop[rows] @ view.points
    scale = np.stack([parts.start[rows] @ view.scale, parts.stop[rows] @ view.scale], axis=1)
    along = stop - start
    length = np.linalg.norm(along, axis=1)
    along = np.where(length[:, None] > 1e-6, along, (0.0, -1e-6, 0.0))
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    lateral = parts.lateral[rows] @ view.points
    lateral = lateral - (lateral * along).sum(axis=1, keepdims=True) * along
    norm = np.linalg.norm(lateral, axis=1, keepdims=True)
    # A lateral direction along the axis leaves the turn about it open: any direction across will do.
    spare = np.cross(along, (0.36, 0.48, 0.8))
    lateral = np.where(
        norm > 1e-6, lateral / np.maximum(norm, 1e-9), spare / np.linalg.norm(spare, axis=1, keepdims=True)
    )
    front = np.cross(lateral, along)
    flatten = parts.flatten[rows]
    axes = np.stack([lateral / flatten[:, :1], along, front / flatten[:, 1:]], axis=1)
    return Capsules(start, axes, length, parts.radii[rows] * scale, parts.caps[rows])
