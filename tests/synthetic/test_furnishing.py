from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.furnishing import make_thing, sample_crowd, sample_things
from dualcenter_mmpose.synthetic.skeleton import JOINT, POINT
from tests.reference.figures import EYE_LEVEL, UPRIGHT, person, standing


class TestMakeThing:
    """Things of plausible size."""

    def test_table(self) -> None:
        """A table is about 0.75 m high, give or take 40 %, and is as far away as it stands."""
        rng = np.random.default_rng(0)
        for _ in range(20):
            table = make_thing(rng, EYE_LEVEL, 'table', np.array([0.0, 0.0, -5.0]), 0.0)
            assert 0.45 < table.size[1] < 1.05
            assert table.distance == pytest.approx(5.0)


class TestSampleThings:
    """Seats for the seated."""

    def test_seat(self) -> None:
        """Somebody who sits gets a seat whose top is under the pelvis, farther than they are when they face us."""
        angles = UPRIGHT.copy()
        for side in ('left', 'right'):
            angles[JOINT[f'{side}_hip'], 0] = angles[JOINT[f'{side}_knee'], 0] = 90
        for yaw in (0.0, 180.0):
            sitter = person(standing(yaw, angles=angles), support='seat')
            things = sample_things(np.random.default_rng(0), EYE_LEVEL, 200, (sitter,))
            (seat,) = [thing for thing in things if thing.kind == 'seat']
            pelvis = sitter.world[POINT['pelvis']]
            assert pelvis[1] - 0.2 < seat.size[1] < pelvis[1]
            assert np.hypot(*(seat.position - pelvis)[[0, 2]]) < 0.1
            assert (seat.distance > sitter.distance) == (yaw == 0.0)

    def test_no_seat_for_the_standing(self) -> None:
        """Those who stand get none."""
        things = sample_things(np.random.default_rng(0), EYE_LEVEL, 200, (person(standing()),))
        assert all(thing.kind != 'seat' for thing in things)


class TestSampleCrowd:
    """Small people behind everybody else."""

    def test_far(self) -> None:
        """The crowd is farther than anybody and its people are 12 to 44 px tall."""
        crowd = sample_crowd(np.random.default_rng(0), EYE_LEVEL, 200, (person(standing(distance=20.0)),))
        assert crowd.distance > 20
        assert 12 <= crowd.height <= 44
        assert crowd.feet[0] < crowd.feet[2]
        assert crowd.feet[1] < crowd.feet[3]
