from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.raster import Capsules, Window, bounding_boxes, rasterise
from dualcenter_mmpose.synthetic.things import round_capsules
from tests.reference.capsules import march_capsule

WINDOW = Window(0, 0, 60, 50)


def one_ball(flatten: tuple[float, float] = (1.0, 1.0), center: tuple[float, ...] = (30.0, 25.0, 5.0)) -> Capsules:
    """Return an ellipsoid of half axes 10 flatten[0], 10, 10 flatten[1] along x, y and depth."""
    axes = np.diag([1 / flatten[0], 1.0, 1 / flatten[1]])[None]
    return Capsules(np.array([center]), axes, np.zeros(1), np.full((1, 2), 10.0), np.array([[True, False]]))


class TestRasterise:
    """Exact first hits."""

    def test_nothing(self) -> None:
        """A window beside everything sees nothing."""
        surface = rasterise(one_ball(), WINDOW._replace(x0=200))
        assert np.isinf(surface.depth).all()
        assert (surface.part == -1).all()

    def test_ball_by_hand(self) -> None:
        """In the middle the ball is hit 10 px before its centre, 6 px aside 8 px before it, and not 10.5 px aside."""
        surface = rasterise(one_ball(), WINDOW)
        assert surface.depth[25, 30] == pytest.approx(-5.0, abs=1e-4)
        assert surface.depth[25, 36] == pytest.approx(-3.0, abs=1e-4)
        assert surface.part[25, 40] in (0, -1)
        assert surface.part[25, 41] == -1
        assert surface.part[14, 30] == -1

    def test_ellipsoid_by_hand(self) -> None:
        """Half as wide and twice as deep: hit 20 px before the centre, and at x = 3 (0.6 of 5) 16 px before it."""
        surface = rasterise(one_ball((0.5, 2.0)), WINDOW)
        assert surface.depth[25, 30] == pytest.approx(-15.0, abs=1e-4)
        assert surface.depth[25, 33] == pytest.approx(-11.0, abs=1e-4)
        assert surface.part[25, 36] == -1

    @pytest.mark.parametrize('seed', range(8))
    def test_equals_marching(self, seed: int) -> None:
        """Random tapered capsules, foreshortened ones too, equal the hull of 2001 spheres to 0.02 px inside."""
        rng = np.random.default_rng(seed)
        start, stop = rng.uniform((12, 12, -20), (48, 38, 20), (2, 3))
        if seed == 0:
            stop = np.add(start, (0.5, 0.0, 18.0))  # almost along the view
        radii = tuple(rng.uniform(3, 9, 2))
        capsule = round_capsules(start[None], stop[None], np.array([radii]))
        surface = rasterise(capsule, WINDOW)
        wanted = march_capsule(start, stop, radii, WINDOW.columns(), WINDOW.rows())
        both = np.isfinite(wanted) & np.isfinite(surface.depth)
        assert (np.isfinite(wanted) == np.isfinite(surface.depth)).mean() > 0.99
        gaps = np.abs(wanted[both] - surface.depth[both])
        assert np.percentile(gaps, 95) < 0.02
        assert gaps.max() < 0.6  # at the rim, where the surface is steep

    def test_nearer_wins(self) -> None:
        """Of two balls in a row the near one is seen, whichever comes first in the table."""
        near, far = one_ball(center=(30.0, 25.0, 0.0)), one_ball(center=(33.0, 25.0, 40.0))
        for first, second, winner in ((near, far, 0), (far, near, 1)):
            both = Capsules(*(np.concatenate(pair) for pair in zip(first, second)))
            assert rasterise(both, WINDOW).part[25, 30] == winner

    def test_zoom(self) -> None:
        """Twice the samples at the same places: every pixel's mean depth agrees with the plain one."""
        plain = rasterise(one_ball(), WINDOW).depth[20:30, 25:35]
        dense = rasterise(one_ball(), WINDOW._replace(zoom=2)).depth[40:60, 50:70]
        np.testing.assert_allclose(dense.reshape(10, 2, 10, 2).mean(axis=(1, 3)), plain, atol=0.05)

    def test_open_end(self) -> None:
        """Without end spheres a level cylinder stops at its ends."""
        capsule = round_capsules(np.array([[20.0, 25, 0]]), np.array([[40.0, 25, 0]]), np.full((1, 2), 6.0))
        surface = rasterise(capsule._replace(caps=np.zeros((1, 2), dtype=bool)), WINDOW)
        columns = np.flatnonzero((surface.part >= 0).any(axis=0))
        assert columns[0] in (20, 21)
        assert columns[-1] in (39, 40)


class TestBoundingBoxes:
    """As tight as the picture."""

    @pytest.mark.parametrize('seed', range(4))
    def test_equals_picture(self, seed: int) -> None:
        """Each side of a random capsule's box lies less than 1.3 px beyond its outermost sample, and never within."""
        rng = np.random.default_rng(seed)
        ends = rng.uniform((18, 18, -9), (42, 32, 9), (2, 3))
        capsule = round_capsules(ends[:1], ends[1:], rng.uniform(9, 13, (1, 2)))
        seen = rasterise(capsule, WINDOW).part >= 0
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        box = bounding_boxes(capsule)[0]
        margins = np.array([columns[0] - box[0], rows[0] - box[1], box[2] - columns[-1], box[3] - rows[-1]])
        assert (margins > -0.05).all()
        assert (margins < 1.3).all()
