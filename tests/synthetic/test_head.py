from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic import appearance as look
from dualcenter_mmpose.synthetic.body import build_parts
from dualcenter_mmpose.synthetic.camera import Camera
from dualcenter_mmpose.synthetic.parts import place_parts
from dualcenter_mmpose.synthetic.raster import Window, rasterise
from dualcenter_mmpose.synthetic.skeleton import POINT
from tests.reference.figures import AVERAGE, person, standing

CLOSE_UP = Camera(1600.0, (100.0, 100.0), 0.0, 1.6)
"""At the height of the head, which it sees about 90 px tall."""
CLEAN_SHAVEN = person(standing()).outfit._replace(beard=False, glasses=False)


def seen_materials(yaw: float, **changes: object) -> np.ndarray:
    """Return how many samples of a head show each material."""
    parts = build_parts(AVERAGE, CLEAN_SHAVEN._replace(**changes))
    view = CLOSE_UP.view(standing(yaw), AVERAGE.stature)
    surface = rasterise(place_parts(parts, view), Window(40, 20, 120, 110))
    return np.bincount(parts.material[surface.part[surface.part >= 0]], minlength=look.NUM_MATERIALS)


class TestFace:
    """Front, side and back can be told apart."""

    def test_front(self) -> None:
        """Eyes, pupils and lips are seen, and more skin than hair."""
        seen = seen_materials(0.0)
        assert min(seen[[look.EYE, look.IRIS, look.LIPS]]) >= 8
        assert seen[look.SKIN] > 1.5 * seen[look.HAIR]

    def test_back(self) -> None:
        """No eyes and no lips, and more hair than in front."""
        seen = seen_materials(180.0)
        assert seen[[look.EYE, look.IRIS, look.LIPS]].sum() == 0
        assert seen[look.HAIR] > 1.5 * seen_materials(0.0)[look.HAIR]

    def test_profile(self) -> None:
        """From the side one eye is left."""
        assert 0 < seen_materials(90.0)[look.IRIS] < seen_materials(0.0)[look.IRIS]

    @pytest.mark.parametrize('name', ['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear'])
    def test_points_lie_on_the_surface(self, name: str) -> None:
        """In front view the surface at each point of the face is within a twentieth of the stature of it."""
        parts = build_parts(AVERAGE, CLEAN_SHAVEN)
        view = CLOSE_UP.view(standing(), AVERAGE.stature)
        surface = rasterise(place_parts(parts, view), Window(40, 20, 120, 110))
        x, y, depth = view.points[POINT[name]]
        assert abs(surface.depth[round(y) - 20, round(x) - 40] - depth) < 0.02 * view.scale[POINT[name]]


class TestHairAndHats:
    """What is on a head."""

    def test_bald(self) -> None:
        """A bald head shows hair nowhere but in its brows."""
        assert seen_materials(180.0, hair='bald')[look.HAIR] == 0

    @pytest.mark.parametrize('hair', ['bob', 'long', 'tail', 'afro', 'bun'])
    def test_more_than_short(self, hair: str) -> None:
        """Every other style shows more hair from behind than short hair does."""
        assert seen_materials(160.0, hair=hair)[look.HAIR] > seen_materials(160.0, hair='short')[look.HAIR]

    @pytest.mark.parametrize('hat', ['cap', 'brim', 'helmet', 'beanie'])
    def test_hats(self, hat: str) -> None:
        """A hat is seen and leaves the eyes free."""
        seen = seen_materials(0.0, hat=hat)
        assert seen[look.HAT] > 100
        assert seen[look.IRIS] > 0
