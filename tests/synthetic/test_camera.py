from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.camera import Camera
from dualcenter_mmpose.synthetic.skeleton import POINT
from tests.reference.figures import AVERAGE, EYE_LEVEL, standing

CAMERA = Camera(500.0, (320.0, 240.0), 0.2, 1.6)


class TestProject:
    """A pinhole above the ground."""

    def test_level_camera_by_hand(self) -> None:
        """2 m ahead, 0.5 m right, 0.3 m above the lens: x = 320 + 500 * 0.25, y = 240 - 500 * 0.15."""
        level = CAMERA._replace(pitch=0.0)
        np.testing.assert_allclose(level.project(np.array([0.5, 1.9, -2.0])), [445.0, 165.0])

    def test_optical_axis(self) -> None:
        """A point straight ahead of the tilted lens falls on the principal point."""
        ahead = np.array([0.0, 1.6 - 3 * np.sin(0.2), -3 * np.cos(0.2)])
        np.testing.assert_allclose(CAMERA.project(ahead), [320.0, 240.0], atol=1e-9)

    def test_horizon(self) -> None:
        """The ground far away lies at the horizon's row: 240 - 500 tan 0.2."""
        far = CAMERA.project(np.array([0.0, 0.0, -1e7]))
        assert far[1] == pytest.approx(CAMERA.horizon, abs=1e-3)
        assert CAMERA.horizon == pytest.approx(240 - 500 * np.tan(0.2))


class TestGroundPosition:
    """Inverse of projection, for a column."""

    @pytest.mark.parametrize('column', [-50.0, 320.0, 600.0])
    def test_column_comes_back(self, column: float) -> None:
        """The point is on the ground, at the distance, and seen in the column."""
        place = CAMERA.ground_position(column, 7.0)
        assert place[1] == 0
        assert place[2] == -7.0
        assert CAMERA.project(place)[0] == pytest.approx(column)


class TestRotate:
    """Directions, without the camera's place."""

    def test_keeps_length_and_down(self) -> None:
        """Straight down is mostly down in the camera, and as long."""
        down = CAMERA.rotate(np.array([0.0, -1.0, 0.0]))
        np.testing.assert_allclose(down, [0.0, np.cos(0.2), np.sin(0.2)], atol=1e-12)


class TestView:
    """Figures in pixels."""

    def test_agrees_with_project(self) -> None:
        """x and y are the projections, the first point has depth 0, nearer points less."""
        world = standing(yaw=20.0)
        view = EYE_LEVEL.view(world, AVERAGE.stature)
        np.testing.assert_allclose(view.points[:, :2], EYE_LEVEL.project(world))
        assert view.points[0, 2] == 0
        assert view.points[POINT['nose'], 2] < view.points[POINT['head_center'], 2]

    def test_scale_by_hand(self) -> None:
        """The pelvis is 4 m away: 400 / 4 * 1.75 px per stature."""
        view = EYE_LEVEL.view(standing(), AVERAGE.stature)
        assert view.scale[0] == pytest.approx(175.0)

    @pytest.mark.parametrize('name', ['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'])
    def test_left_is_right_in_front(self, name: str) -> None:
        """Facing the camera the own left is on the image's right; seen from behind on its left."""
        for yaw, sign in ((0.0, 1), (180.0, -1)):
            x = EYE_LEVEL.view(standing(yaw), AVERAGE.stature).points[:, 0]
            assert sign * (x[POINT[f'left_{name}']] - x[POINT[f'right_{name}']]) > 0
