"""How much of the image a figure takes, without drawing it.

Legend: S places along the bones of a figure, each with flesh around it; boxes are (x0, y0, x1,
y1) in image px.
"""

from __future__ import annotations

import numpy as np

from .camera import View
from .scene import clip_box
from .skeleton import POINT, POINT_NAMES, Array

# Two points, and the flesh around the line between them as fractions of the stature at both ends.
_BONES = (
    ('pelvis', 'neck', 0.080, 0.050), ('left_shoulder', 'right_shoulder', 0.034, 0.034),
    ('left_hip', 'right_hip', 0.055, 0.055),
    ('head_center', 'head_center', 0.058, 0.058), ('left_shoulder', 'left_elbow', 0.031, 0.024),
    ('left_elbow', 'left_wrist', 0.024, 0.017), ('left_wrist', 'left_fingers', 0.017, 0.010),
    ('right_shoulder', 'right_elbow', 0.031, 0.024), ('right_elbow', 'right_wrist', 0.024, 0.017),
    ('right_wrist', 'right_fingers', 0.017, 0.010), ('left_hip', 'left_knee', 0.052, 0.035),
    ('left_knee', 'left_ankle', 0.034, 0.022), ('left_heel', 'left_toe', 0.022, 0.018),
    ('right_hip', 'right_knee', 0.052, 0.035), ('right_knee', 'right_ankle', 0.034, 0.022),
    ('right_heel', 'right_toe', 0.022, 0.018),
)  # fmt: skip
_STEPS = np.linspace(0.0, 1.0, 6)


def _bone_weights() -> tuple[Array, Array]:
    """Return the weights (S, P) of the places along the bones and the flesh (S,) around them."""
    weights = np.zeros((len(_BONES), len(_STEPS), len(POINT_NAMES)))
    flesh = np.zeros((len(_BONES), len(_STEPS)))
    for idx, (first, last, thick, thin) in enumerate(_BONES):
        weights[idx, :, POINT[first]] += 1 - _STEPS
        weights[idx, :, POINT[last]] += _STEPS
        flesh[idx] = thick + _STEPS * (thin - thick)
    # The top of the head lies above its centre by more than the head is wide.
    weights[3, 3:, POINT['head_center']] = 0.85
    weights[3, 3:, POINT['head_up']] = 0.15
    return weights.reshape(-1, len(POINT_NAMES)), flesh.ravel()


_WEIGHTS, _FLESH = _bone_weights()


def figure_boxes(view: View, width: int, height: int) -> tuple[Array, Array]:
    """Return the box (4,) of a whole figure, and that of what the image shows of it (no area if nothing)."""
    centers = _WEIGHTS @ view.points[:, :2]
    reach = (_FLESH * (_WEIGHTS @ view.scale))[:, None]
    low, high = centers - reach, centers + reach
    whole = np.concatenate([low.min(axis=0), high.max(axis=0)])
    boxes = clip_box(np.hstack([low, high]), width, height)
    shown = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
    if len(shown) == 0:
        return whole, np.zeros(4)
    return whole, np.concatenate([shown[:, :2].min(axis=0), shown[:, 2:].max(axis=0)])
