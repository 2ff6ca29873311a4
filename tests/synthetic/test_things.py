from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.furnishing import INDOOR_THINGS, OUTDOOR_THINGS, make_thing
from dualcenter_mmpose.synthetic.scene import Thing
from dualcenter_mmpose.synthetic.things import NOBODY, THING_OWNER, draw_thing, window_of
from tests.reference.figures import DAYLIGHT, EYE_LEVEL
from tests.synthetic.test_raster import one_ball

KINDS = sorted({*OUTDOOR_THINGS, *INDOOR_THINGS, 'seat'})


def draw(thing: Thing) -> tuple[np.ndarray, np.ndarray]:
    image, owner = np.zeros((200, 200, 3), np.uint8), np.full((200, 200), NOBODY, np.int16)
    draw_thing(image, owner, thing, EYE_LEVEL, DAYLIGHT, np.random.default_rng(0))
    return image, owner


def thing_at(kind: str, *position: float) -> Thing:
    return make_thing(np.random.default_rng(1), EYE_LEVEL, kind, np.array(position), 20.0)


class TestDrawThing:
    """Every kind can be drawn, and owns what it covers."""

    @pytest.mark.parametrize('kind', KINDS)
    def test_owns_what_it_paints(self, kind: str) -> None:
        """Painted pixels and owned pixels are the same but for the soft edge."""
        image, owner = draw(thing_at(kind, 0.0, 0.0, -6.0))
        painted, owned = image.any(axis=2), owner == THING_OWNER
        assert owned.sum() > 20
        assert (painted & owned).sum() > 0.9 * owned.sum()
        assert (painted & ~owned).sum() < 0.35 * owned.sum() + 60
        assert set(np.unique(owner)) <= {NOBODY, THING_OWNER}

    @pytest.mark.parametrize('kind', KINDS)
    @pytest.mark.parametrize('place', [(60.0, 0.0, -3.0), (0.0, 0.0, 5.0), (0.0, 0.0, -0.2)])
    def test_out_of_sight(self, kind: str, place: tuple[float, ...]) -> None:
        """Beside the image, behind the camera and around it nothing goes wrong; the first two leave no trace."""
        image, _ = draw(thing_at(kind, *place))
        if place[2] != -0.2:
            assert not image.any()

    def test_box_by_hand(self) -> None:
        """A box 1 m wide and high, 1 m deep, its front face 4 m away: 100 px wide, standing 90 px below the horizon."""
        box = Thing('box', np.array([0.0, 0.0, -4.5]), 0.0, np.ones(3), 4.5, np.full(3, 150.0))
        _, owner = draw(box)
        columns = np.flatnonzero((owner == THING_OWNER).any(axis=0))
        rows = np.flatnonzero((owner == THING_OWNER).any(axis=1))
        assert (columns[0], columns[-1]) == (50, 150)
        assert rows[-1] == 190
        assert rows[0] == 90  # the front's upper edge: 1 m high, 0.1 m above the lens: 100 - 400 * 0.1 / 4


class TestWindowOf:
    """Windows inside the image."""

    def test_clipped(self) -> None:
        """A ball at the border gets a window that ends there, one outside none."""
        window = window_of(one_ball(center=(2.0, 3.0, 0.0)), (50, 60))
        assert window is not None
        assert (window.x0, window.y0) == (0, 0)
        assert 12 <= window.width <= 15
        assert window_of(one_ball(center=(-40.0, 3.0, 0.0)), (50, 60)) is None
