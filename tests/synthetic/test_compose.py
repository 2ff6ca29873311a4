from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.compose import CROWD_OWNER, compose, render_person
from dualcenter_mmpose.synthetic.scene import Crowd, Thing
from dualcenter_mmpose.synthetic.skeleton import POINT
from dualcenter_mmpose.synthetic.things import NOBODY, THING_OWNER
from tests.reference.figures import DAYLIGHT, person, scene, standing

NEAR, FAR = person(standing(x=0.1, distance=3.5)), person(standing(distance=5.0), seed=1)


class TestCompose:
    """Who owns which pixel."""

    def test_nobody(self) -> None:
        """An empty scene belongs to nobody."""
        picture = compose(scene(), np.random.default_rng(0))
        assert (picture.owner == NOBODY).all()
        assert picture.sights == ()

    @pytest.mark.parametrize('swapped', [False, True])
    def test_nearer_hides_farther(self, swapped: bool) -> None:
        """The near person keeps their whole mask, whatever the order in the list; the far one loses some."""
        people = (FAR, NEAR) if swapped else (NEAR, FAR)
        near, far = (1, 0) if swapped else (0, 1)
        picture = compose(scene(*people), np.random.default_rng(0))
        sights = picture.sights
        assert sights[near] is not None
        assert sights[far] is not None
        assert (picture.owner == near).sum() == sights[near].num_pixels
        assert 0 < (picture.owner == far).sum() < 0.9 * sights[far].num_pixels

    def test_thing_in_between(self) -> None:
        """A box between two people hides the far one's legs and not the near one's."""
        box = Thing('box', np.array([0.0, 0.0, -4.2]), 0.0, np.array([3.0, 0.5, 0.2]), 4.2, np.full(3, 90.0))
        apart = person(standing(x=0.4, distance=3.0)), person(standing(x=-0.5, distance=6.0))
        picture = compose(scene(*apart, things=(box,)), np.random.default_rng(0))
        x, y = np.round(apart[1].view.points[POINT['left_ankle'], :2]).astype(int)
        assert picture.owner[y, x] == THING_OWNER
        x, y = np.round(apart[0].view.points[POINT['left_knee'], :2]).astype(int)
        assert picture.owner[y, x] == 0

    def test_outside(self) -> None:
        """People out of the image have no sight."""
        picture = compose(scene(person(standing(x=50.0))), np.random.default_rng(0))
        assert picture.sights == (None,)

    def test_crowd(self) -> None:
        """A crowd owns pixels around the places of its feet, behind everybody."""
        plan = scene(NEAR)._replace(crowds=(Crowd(np.array([20.0, 90, 180, 110]), 30.0, 30.0),))
        owner = compose(plan, np.random.default_rng(0)).owner
        rows, _ = np.nonzero(owner == CROWD_OWNER)
        assert len(rows) > 700
        assert rows.min() > 45
        assert rows.max() < 125
        assert (owner == 0).sum() == compose(scene(NEAR), np.random.default_rng(0)).sights[0].num_pixels

    def test_seeded(self) -> None:
        """The same random numbers give the same picture."""
        one, two = (compose(scene(NEAR, FAR), np.random.default_rng(5)).image for _ in range(2))
        np.testing.assert_array_equal(one, two)


class TestRenderPerson:
    """One person's layer."""

    def test_size_independent(self) -> None:
        """The mask's area goes with the square of the scale, over all three sampling densities."""
        shares = []
        for distance in (3.6, 8.0, 20.0):
            drawn = render_person(person(standing(distance=distance)), DAYLIGHT, (200, 200))
            assert drawn is not None
            shares.append(drawn[1].num_pixels * distance**2)
        np.testing.assert_allclose(shares, np.mean(shares), rtol=0.04)

    def test_things_do_not_count(self) -> None:
        """A ball in the hand is drawn, and is not the person's."""
        somebody = person(standing())
        plain = render_person(somebody, DAYLIGHT, (200, 200))
        held = render_person(somebody._replace(outfit=somebody.outfit._replace(thing='ball')), DAYLIGHT, (200, 200))
        assert plain is not None
        assert held is not None
        assert (held[0].alpha > 127).sum() > (plain[0].alpha > 127).sum() + 100
        assert held[1].num_pixels <= plain[1].num_pixels
