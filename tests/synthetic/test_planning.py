from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.planning import has_keypoints, plan_scene, sample_image_size, stand_on_ground
from dualcenter_mmpose.synthetic.scene import Scene, box_area, size_bucket
from dualcenter_mmpose.synthetic.skeleton import POINT
from tests.reference.figures import standing


@pytest.fixture(scope='module')
def scenes() -> list[Scene]:
    """Return 300 scenes of the default size."""
    plans = []
    for idx in range(300):
        rng = np.random.default_rng([3, idx])
        plans.append(plan_scene(rng, *sample_image_size(rng, 512)))
    return plans


class TestPlanScene:
    """Scenes like COCO's, as far as numbers go."""

    def test_sizes(self, scenes: list[Scene]) -> None:
        """Planned boxes split 47 : 20 : 33; people hide each other, and 51 : 21 : 29 are left (test_dataset)."""
        buckets = [size_bucket(box_area(person.box)) for plan in scenes for person in plan.people]
        shares = np.bincount(buckets, minlength=3) / len(buckets) * 100
        np.testing.assert_allclose(shares, (47.0, 20.0, 33.0), atol=5)

    def test_people(self, scenes: list[Scene]) -> None:
        """One to a dozen people, four or five on average, eight or more in a tenth of the images."""
        numbers = np.array([len(plan.people) for plan in scenes])
        assert numbers.min() >= 1
        assert numbers.max() <= 12
        assert 3.5 < numbers.mean() < 5.5
        assert (numbers >= 8).mean() > 0.1

    def test_all_in_sight(self, scenes: list[Scene]) -> None:
        """Every box is inside its image and no speck."""
        for plan in scenes:
            for person in plan.people:
                x0, y0, x1, y1 = person.box
                assert -0.5 <= x0 < x1 <= plan.width - 0.5
                assert -0.5 <= y0 < y1 <= plan.height - 0.5
                assert box_area(person.box) > 50

    def test_keypoints_by_size(self, scenes: list[Scene]) -> None:
        """About a fifth of the small persons is labelled and nearly all others are."""
        people = [person for plan in scenes for person in plan.people]
        is_small = np.array([size_bucket(box_area(person.box)) == 0 for person in people])
        labelled = np.array([person.has_keypoints for person in people])
        assert 0.12 < labelled[is_small].mean() < 0.28
        assert labelled[~is_small].mean() > 0.95

    def test_crowds_and_company(self, scenes: list[Scene]) -> None:
        """A few images in a hundred have a crowd, and many people overlap somebody."""
        assert 0.03 < np.mean([bool(plan.crowds) for plan in scenes]) < 0.13
        touching = 0
        for plan in scenes:
            boxes = np.array([person.box for person in plan.people])
            low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
            high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
            touching += int(((low < high).all(axis=2).sum(axis=1) > 1).sum())
        assert touching > 0.3 * sum(len(plan.people) for plan in scenes)

    def test_feet_on_the_ground(self, scenes: list[Scene]) -> None:
        """No point of anybody is below the ground, and those on their feet touch it."""
        for plan in scenes:
            for person in plan.people:
                assert person.world is not None
                assert person.world[:, 1].min() > -0.1 * person.physique.stature
                if person.support == 'feet':
                    assert person.world[:, 1].min() < 0.11

    @pytest.mark.parametrize('people', [(1, 1), (3, 3), (15, 20)])
    def test_people_bounds(self, people: tuple[int, int]) -> None:
        """The number asked for is an upper bound that is mostly met."""
        numbers = [len(plan_scene(np.random.default_rng([4, idx]), 512, 384, people).people) for idx in range(10)]
        assert max(numbers) <= people[1]
        assert np.mean(numbers) >= 0.8 * people[0]

    def test_seeded(self) -> None:
        """The same random numbers give the same scene."""
        one, two = (plan_scene(np.random.default_rng(9), 512, 384) for _ in range(2))
        assert len(one.people) == len(two.people)
        for first, second in zip(one.people, two.people):
            np.testing.assert_array_equal(first.view.points, second.view.points)


class TestSampleImageSize:
    """Long side as asked, shapes as in COCO."""

    @pytest.mark.parametrize('long_side', [64, 256, 512])
    def test_shapes(self, long_side: int) -> None:
        """The longer side is exact, 4:3 is the most frequent shape, and there are upright images."""
        rng = np.random.default_rng(0)
        sizes = [sample_image_size(rng, long_side) for _ in range(200)]
        assert {max(size) for size in sizes} == {long_side}
        assert max(set(sizes), key=sizes.count) == (long_side, round(long_side * 0.75))
        assert 0.1 < np.mean([width < height for width, height in sizes]) < 0.4


class TestStandOnGround:
    """The lowest flesh at height zero."""

    def test_feet(self) -> None:
        """A figure lifted by 3 m comes down to where its lowest point is 3 cm above the ground; jumpers stay higher."""
        rng = np.random.default_rng(0)
        lifted = standing() + np.array([0.0, 3.0, 0.0])
        assert stand_on_ground(lifted, 'feet', rng)[:, 1].min() == pytest.approx(0.03)
        assert stand_on_ground(lifted, 'air', rng)[:, 1].min() > 0.07
        np.testing.assert_allclose(np.ptp(stand_on_ground(lifted, 'feet', rng)[:, 1]), np.ptp(lifted[:, 1]))
        assert POINT['pelvis'] == 0


class TestHasKeypoints:
    """The smaller, the rarer."""

    def test_rises(self) -> None:
        """Of 400 people each: almost none at 10^2, some at 40^2, about half at 64^2, nearly all above."""
        rng = np.random.default_rng(0)
        shares = [np.mean([has_keypoints(rng, side**2) for _ in range(400)]) for side in (10, 40, 64, 65)]
        assert shares == sorted(shares)
        assert shares[0] < 0.05
        assert 0.45 < shares[2] < 0.75
        assert shares[3] > 0.95
