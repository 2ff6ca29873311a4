"""Shadows on the ground: cast by the sun, and soft contact shadows where a body is near the ground.

Legend: shadow maps are drawn at a quarter of the image's size, since shadows are soft, with 0 for
light and 255 for dark.
"""

from __future__ import annotations

import cv2
import numpy as np

from .camera import Camera
from .render import Image
from .scene import Person, Scene
from .skeleton import POINT, Array

_SHRINK = 4
# Bones that cast a shadow: two points and a thickness as a fraction of the stature.
_BONES = (
    ('pelvis', 'chest', 0.17), ('chest', 'neck', 0.19), ('neck', 'head_center', 0.08),
    ('head_center', 'head_center', 0.11), ('left_shoulder', 'left_elbow', 0.06),
    ('left_elbow', 'left_fingers', 0.045), ('right_shoulder', 'right_elbow', 0.06),
    ('right_elbow', 'right_fingers', 0.045), ('left_hip', 'left_knee', 0.1), ('left_knee', 'left_ankle', 0.065),
    ('right_hip', 'right_knee', 0.1), ('right_knee', 'right_ankle', 0.065), ('left_heel', 'left_toe', 0.06),
    ('right_heel', 'right_toe', 0.06),
)  # fmt: skip
_FROM = np.array([POINT[first] for first, _, _ in _BONES])
_TO = np.array([POINT[last] for _, last, _ in _BONES])
_THICK = np.array([thick for _, _, thick in _BONES])


def cast_shadows(image: Image, scene: Scene) -> None:
    """Darken, in place, the ground where people stand in the light."""
    size = (-(-scene.width // _SHRINK), -(-scene.height // _SHRINK))
    cast = np.zeros(size[::-1], dtype=np.uint8)
    contact = np.zeros_like(cast)
    for person in scene.people:
        if person.world is not None:
            _draw_cast(cast, person, scene)
        _draw_contact(contact, person)
    for thing in scene.things:
        _draw_base(contact, scene.camera, thing.position, thing.size)
    cast = cv2.GaussianBlur(cast, (0, 0), 0.8)
    contact = cv2.GaussianBlur(contact, (0, 0), 1.3)
    dark = cv2.addWeighted(cast, 0.85 * scene.light.shadow, contact, 0.62, 0)
    dark = cv2.resize(dark, (scene.width, scene.height), interpolation=cv2.INTER_LINEAR)
    cv2.multiply(image, cv2.merge([255 - dark] * 3), dst=image, scale=1 / 255)


def _draw_cast(shadow: Image, person: Person, scene: Scene) -> None:
    """Draw the bones where the light's rays through them meet the ground."""
    towards = scene.light.direction
    if towards[1] < 0.2 or person.world is None:
        return
    world = person.world
    ground = world - world[:, 1:2] / towards[1] * towards
    camera = scene.camera
    depth = camera.to_camera(ground)[:, 2]
    if depth.min() < 0.5:
        return
    pixels = (camera.project(ground) / _SHRINK).astype(int)
    if np.abs(pixels).max() > 4000:
        return
    thick = _THICK * person.physique.stature * camera.focal / depth[_FROM] / _SHRINK
    for start, stop, width in zip(pixels[_FROM].tolist(), pixels[_TO].tolist(), thick):
        cv2.line(shadow, start, stop, 255, max(1, round(width * 0.8)))


def _draw_contact(shadow: Image, person: Person) -> None:
    """Draw flat ellipses under the parts of the body that touch the ground."""
    view = person.view
    if person.world is not None:
        low = np.flatnonzero(person.world[:, 1] < 0.14 * person.physique.stature)
        drop = person.world[low, 1] / person.physique.stature
    else:
        low = np.array([POINT[name] for name in ('left_heel', 'right_heel', 'left_toe', 'right_toe')])
        drop = np.full(4, 0.02)
    for point, scale, height in zip(view.points[low], view.scale[low], drop):
        center = (point[:2] + np.array([0.0, max(height, 0.0) * scale])) / _SHRINK
        if np.abs(center).max() < 4000:
            wide = max(1, round(0.05 * scale / _SHRINK))
            cv2.ellipse(shadow, center.astype(int).tolist(), (wide, max(1, wide // 2)), 0, 0, 360, 230, -1)


def _draw_base(shadow: Image, camera: Camera, position: Array, size: Array) -> None:
    depth = float(camera.to_camera(position)[2])
    if depth < 0.5:
        return
    center = camera.project(position) / _SHRINK
    wide = int(0.5 * size[0] * camera.focal / depth / _SHRINK)
    if np.abs(center).max() < 4000 and wide > 0:
        cv2.ellipse(shadow, center.astype(int).tolist(), (wide, max(1, wide // 3)), 0, 0, 360, 200, -1)
