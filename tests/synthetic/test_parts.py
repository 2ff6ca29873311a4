from __future__ import annotations

import numpy as np

from dualcenter_mmpose.synthetic.body import build_parts
from dualcenter_mmpose.synthetic.parts import ROW, in_head, mix, place_parts
from dualcenter_mmpose.synthetic.skeleton import POINT
from tests.reference.figures import AVERAGE, EYE_LEVEL, UPRIGHT, forward_kinematics, person, standing


class TestMix:
    """Points between points."""

    def test_quarter(self) -> None:
        """A quarter of the way from hip to knee, by name or by weights."""
        weights = mix('left_hip', 'left_knee', 0.25)
        assert weights[POINT['left_hip']] == 0.75
        assert weights[POINT['left_knee']] == 0.25
        np.testing.assert_array_equal(weights, mix(ROW['left_hip'], ROW['left_knee'], 0.25))


class TestInHead:
    """Places in the head's frame."""

    def test_nose(self) -> None:
        """The place of the nose's marker is the nose, upright and at stature 1."""
        points = forward_kinematics(AVERAGE._replace(stature=1.0), UPRIGHT, np.eye(3))
        np.testing.assert_allclose(in_head(0.0, 0.027, 0.070) @ points, points[POINT['nose']], atol=1e-12)


class TestPlaceParts:
    """Parts in view space."""

    def test_moves_with_the_figure(self) -> None:
        """All ends are affine mixtures: moving a figure by 7 and -3 px moves every part just so."""
        somebody = person(standing())
        parts = build_parts(somebody.physique, somebody.outfit)
        here = place_parts(parts, somebody.view)
        moved = somebody.view._replace(points=np.add(somebody.view.points, (7.0, -3.0, 0.0)))
        there = place_parts(parts, moved)
        np.testing.assert_allclose(there.start - here.start, np.tile([7.0, -3.0, 0.0], (len(here.start), 1)), atol=1e-9)
        np.testing.assert_allclose(there.axes, here.axes, atol=1e-9)
        np.testing.assert_allclose(there.radii, here.radii)

    def test_axes(self) -> None:
        """Rows are orthogonal, the one along the part has length 1, and nothing is NaN even where ends coincide."""
        somebody = person(standing(yaw=35.0))
        parts = build_parts(somebody.physique, somebody.outfit)
        axes = place_parts(parts, EYE_LEVEL.view(standing(yaw=35.0), 1.75)).axes
        assert np.isfinite(axes).all()
        np.testing.assert_allclose(np.linalg.norm(axes[:, 1], axis=1), 1.0)
        for first, second in ((0, 1), (1, 2), (0, 2)):
            np.testing.assert_allclose((axes[:, first] * axes[:, second]).sum(axis=1), 0.0, atol=1e-6)

    def test_keep(self) -> None:
        """Only the parts asked for are placed."""
        somebody = person(standing())
        parts = build_parts(somebody.physique, somebody.outfit)
        keep = np.arange(len(parts.material)) % 3 == 0
        np.testing.assert_array_equal(
            place_parts(parts, somebody.view, keep).start, place_parts(parts, somebody.view).start[keep]
        )
