"""Coordinate spaces and the conversions between them; no other module knows the half-cell rule.

Spaces, all (x, y) with x to the right and y down:

* image: pixel indices of the image on disk. MMPose converts image <-> input with its warp matrix.
* input: pixel indices of the network's input; index ``i`` is the middle of pixel ``i``.
* map: cell indices of a head's output; one cell covers ``stride`` input pixels a side.
* normalized: what ``grid_sample(align_corners=False)`` reads; a map spans [-1, 1] edge to edge.

Cell alignment (``align``):

* ``'center'`` puts cell ``c`` at the middle of the pixels it covers, ``x_input = (c + 0.5) * stride - 0.5``.
  It is the only rule under which mirroring, area reduction (2S, S, S/2) and ``grid_sample`` agree exactly.
* ``'corner'`` puts cell ``c`` at its first pixel, ``x_input = c * stride``: the rule of MMPose's SPR codec. Weights
  trained with it predict centers (stride - 1) / 2 pixels away from the other rule, so converted DEKR checkpoints
  need it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from torch import Tensor

Coordinates = TypeVar('Coordinates', np.ndarray, Tensor, float)

ALIGNMENTS = ('center', 'corner')


def check_alignment(align: str) -> str:
    """Return ``align`` if it names a rule of this module.

    Raises:
        ValueError: for any other value.
    """
    if align not in ALIGNMENTS:
        raise ValueError(f"align must be one of {ALIGNMENTS}, got '{align}'")
    return align


def input_to_map(xy: Coordinates, stride: float, align: str = 'center') -> Coordinates:
    """Return input coordinates in cells; inverse of :func:`map_to_input`.

    Args:
        xy: coordinates of any shape, input px.
        stride: input pixels per cell.
        align: cell alignment, see the module's docstring.
    """
    if align == 'corner':
        return xy / stride
    return (xy + 0.5) / stride - 0.5


def map_to_input(xy: Coordinates, stride: float, align: str = 'center') -> Coordinates:
    """Return cell coordinates in input pixels; inverse of :func:`input_to_map`.

    Args:
        xy: coordinates of any shape, cells.
        stride: input pixels per cell.
        align: cell alignment, see the module's docstring.
    """
    if align == 'corner':
        return xy * stride
    return (xy + 0.5) * stride - 0.5


def input_to_map_matrix(stride: float, align: str = 'center') -> np.ndarray:
    """Return the (3, 3) matrix of :func:`input_to_map` for homogeneous column vectors (x, y, 1)."""
    shift = input_to_map(0.0, stride, align)
    return np.array([[1 / stride, 0, shift], [0, 1 / stride, shift], [0, 0, 1]], dtype=np.float64)


def map_to_normalized(xy: Tensor, map_size: tuple[int, int]) -> Tensor:
    """Return cell coordinates as ``grid_sample(align_corners=False)`` wants them.

    A point at the middle of the first cell (0, 0) goes to (1 / W - 1, 1 / H - 1), not to -1: the half cell that is lost
    when ``align_corners`` coordinates are used without the flag.

    Args:
        xy: (..., 2) cells.
        map_size: (W, H) of the map to sample.
    """
    size = xy.new_tensor(map_size)
    return (2 * xy + 1) / size - 1


def mirror_shift(stride: float, align: str = 'center') -> float:
    """Return how many cells a mirrored map lies off the original one.

    Mirroring an input of width w sends pixel x to w - 1 - x. With ``'center'`` cell c goes exactly to W - 1 - c. With
    ``'corner'`` the mirrored cell c stands at pixel c * stride + stride - 1, which is (stride - 1) / stride cells
    further right, and vectors read there must be lengthened by as much.
    """
    return (stride - 1) / stride if align == 'corner' else 0.0
