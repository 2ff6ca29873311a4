"""The camera: a pinhole above a ground plane, and figures in view space.

Legend: world space has x to the image's right, y up from the ground (y = 0) and z towards the
camera, in metres; the camera stands at (0, height, 0), so people have negative z. View space is
(x, y) in image pixels with pixel centres at whole numbers, and a depth that grows away from the
camera, in pixels too, so that a body keeps its proportions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .skeleton import Array


class View(NamedTuple):
    """Points in view space: `points` (P, 3) px = x, y, depth, and `scale` (P,) = pixels per stature there."""

    points: Array
    scale: Array


class Camera(NamedTuple):
    """A pinhole camera: focal length and principal point in px, pitch (downwards) in radians, height in m."""

    focal: float
    center_xy: tuple[float, float]
    pitch: float
    height: float

    @property
    def horizon(self) -> float:
        """Return the image row of the horizon."""
        return float(self.center_xy[1] - self.focal * np.tan(self.pitch))

    def to_camera(self, points: Array) -> Array:
        """Return world points (..., 3) as right, down, forward of the camera, in metres."""
        x, y, z = points[..., 0], points[..., 1] - self.height, points[..., 2]
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        return np.stack([x, -cos * y + sin * z, -sin * y - cos * z], axis=-1)

    def rotate(self, vector: Array) -> Array:
        """Return a world direction (3,) as right, down, forward of the camera."""
        return self.to_camera(vector + np.array([0.0, self.height, 0.0]))

    def project(self, points: Array) -> Array:
        """Return the pixels (..., 2) of world points (..., 3) in front of the camera."""
        camera = self.to_camera(points)
        return camera[..., :2] / camera[..., 2:] * self.focal + np.array(self.center_xy)

    def view(self, points: Array, stature: float) -> View:
        """Return a figure's world points (P, 3) in view space; the first point is the zero of depth."""
        camera = self.to_camera(points)
        distance = np.maximum(camera[:, 2], 0.15)
        pixels_per_metre = self.focal / distance
        depth = (camera[:, 2] - camera[0, 2]) * pixels_per_metre[0]
        xy = camera[:, :2] * pixels_per_metre[:, None] + np.array(self.center_xy)
        return View(np.column_stack([xy, depth]), pixels_per_metre * stature)

    def ground_position(self, column: float, distance: float) -> Array:
        """Return the ground point (3,) at `distance` m along the ground that is seen in an image column."""
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        forward = self.height * sin + distance * cos
        return np.array([(column - self.center_xy[0]) / self.focal * forward, 0.0, -distance])
