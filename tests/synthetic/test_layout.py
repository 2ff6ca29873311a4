from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.annotate import annotate
from dualcenter_mmpose.synthetic.compose import compose, render_person
from dualcenter_mmpose.synthetic.layout import fit_pose, load_bank, place_person, plan_layout
from dualcenter_mmpose.synthetic.layout_file import LayoutImage, LayoutPerson, read_layout
from dualcenter_mmpose.synthetic.skeleton import KEYPOINT_POINTS, POINT
from tests.reference.figures import AVERAGE, DAYLIGHT, EYE_LEVEL, standing


@pytest.fixture
def real(coco_cc: Path) -> Path:
    """The annotations of coco_cc's test images."""
    return coco_cc / 'annotations' / 'person_keypoints_val.json'


def layout_person(yaw: float = 20.0, labels: slice = slice(None), distance: float = 5.0) -> LayoutPerson:
    """Return the keypoints and the box of a person who stands in a known way."""
    view = EYE_LEVEL.view(standing(yaw, distance=distance), AVERAGE.stature)
    keypoints = np.zeros((17, 3))
    keypoints[labels, :2] = view.points[KEYPOINT_POINTS, :2][labels]
    keypoints[labels, 2] = 2
    xy = view.points[:, :2]
    return LayoutPerson(np.concatenate([xy.min(axis=0) - 3, xy.max(axis=0) + 3]), keypoints)


def drawn_box(person: LayoutPerson, seed: int = 0) -> np.ndarray:
    placed = place_person(np.random.default_rng(seed), EYE_LEVEL, person, 200, 200)
    drawn = render_person(placed._replace(outfit=placed.outfit._replace(thing='', hat='')), DAYLIGHT, (200, 200))
    assert drawn is not None
    layer = drawn[0]
    rows, columns = np.nonzero(layer.mask)
    offset = np.array([layer.window.x0, layer.window.y0])
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
    return np.concatenate([low + offset, high + offset])


class TestPlacePerson:
    """Labelled joints where the layout has them, the others where they can be."""

    @pytest.mark.parametrize('labels', [slice(None), slice(5, 13), slice(0, 5), slice(16, 17)])
    def test_labelled_joints_are_met(self, labels: slice) -> None:
        """All joints, the trunk, the head or one ankle: what is labelled is met exactly, the rest is finite."""
        person = layout_person(labels=labels)
        placed = place_person(np.random.default_rng(0), EYE_LEVEL, person, 200, 200)
        found = placed.view.points[KEYPOINT_POINTS, :2]
        np.testing.assert_allclose(found[labels], person.keypoints[labels, :2], atol=1e-9)
        assert np.isfinite(placed.view.points).all()
        assert placed.labelled is not None
        assert placed.labelled.sum() == (person.keypoints[:, 2] > 0).sum()

    def test_hands_follow(self) -> None:
        """A wrist labelled where no pose of the bank has it takes its hand along: 0.1 of the stature, foreshortened."""
        person = layout_person()
        person.keypoints[9, :2] += (60.0, 25.0)
        view = place_person(np.random.default_rng(0), EYE_LEVEL, person, 300, 200).view
        hand = view.points[POINT['left_fingers'], :2] - view.points[POINT['left_wrist'], :2]
        assert np.linalg.norm(hand) < 0.12 * view.scale[0]

    def test_completes_the_rest(self) -> None:
        """From the trunk, arms and the box, hidden legs and face are found to about a tenth of the person's height."""
        person, whole = layout_person(labels=slice(5, 13)), layout_person()
        height = person.box[3] - person.box[1]
        placed = place_person(np.random.default_rng(0), EYE_LEVEL, person, 200, 200)
        misses = np.linalg.norm(placed.view.points[KEYPOINT_POINTS, :2] - whole.keypoints[:, :2], axis=1)
        assert np.median(misses) < 0.05 * height
        assert misses.max() < 0.16 * height

    def test_fills_the_box(self) -> None:
        """Without keypoints somebody is drawn who fills the box: its sides are met to a seventh of its height."""
        for seed in range(4):
            person = LayoutPerson(np.array([60.0, 30.0, 110.0, 150.0]), np.zeros((17, 3)))
            np.testing.assert_allclose(drawn_box(person, seed), person.box, atol=17)

    def test_upright_scale(self) -> None:
        """Twice as near is twice as large."""
        near, far = (
            place_person(np.random.default_rng(0), EYE_LEVEL, layout_person(distance=d), 400, 400) for d in (4.0, 8.0)
        )
        assert near.view.scale[0] / far.view.scale[0] == pytest.approx(2.0, rel=0.1)
        assert near.distance < far.distance


class TestFitPose:
    """The bank's best pose."""

    def test_finds_itself(self) -> None:
        """A pose of the bank, drawn at 90 px per stature around (100, 80), is found again, in place and scale."""
        bank = load_bank()
        xy = bank.points[7, :, :2] * 90 + (100, 80)
        keypoints = np.column_stack([xy[KEYPOINT_POINTS], np.full(17, 2.0)])
        box = np.concatenate([bank.low[7], bank.high[7]]) * 90 + (100, 80, 100, 80)
        pick, scale, shift = fit_pose(bank, LayoutPerson(box, keypoints), 400, 400, np.random.default_rng(0))
        assert pick == 7
        assert scale == pytest.approx(90)
        np.testing.assert_allclose(shift, (100, 80))


class TestPlanLayout:
    """Scenes of the layout's size with its people."""

    def test_scene(self) -> None:
        """Size, number of people and crowds are the layout's; things stand behind everybody."""
        image = LayoutImage(3, 200, 180, (layout_person(), layout_person(200.0)), (np.array([0.0, 0, 90, 30]),))
        plan = plan_layout(np.random.default_rng(0), image)
        assert (plan.width, plan.height) == (200, 180)
        assert len(plan.people) == 2
        assert len(plan.crowds) == 1
        far = max(person.distance for person in plan.people)
        assert all(thing.distance > far for thing in plan.things)

    def test_real_keypoints_come_back(self, real: Path) -> None:
        """For 12 real images labelled keypoints are the file's to 1 px, and boxes mostly overlap."""
        overlaps = []
        for idx, image in enumerate(read_layout(real)[:12]):
            rng = np.random.default_rng(idx)
            plan = plan_layout(rng, image)
            annotations = [row for row in annotate(plan, compose(plan, rng), rng) if not row['iscrowd']]
            wanted = [one.keypoints for one in image.persons if one.keypoints.any()]
            for row in annotations:
                found = np.reshape(row['keypoints'], (17, 3))
                if row['num_keypoints']:
                    gaps = [distance(found, keypoints) for keypoints in wanted]
                    assert min(gaps) <= 1.0
                x, y, w, h = row['bbox']
                overlaps.append(max(iou(np.array([x, y, x + w, y + h]), one.box) for one in image.persons))
        assert np.median(overlaps) > 0.5

    def test_real_file_is_coco(self, real: Path) -> None:
        """The real file names the joints as expected."""
        assert len(json.loads(real.read_text())['categories'][0]['keypoints']) == 17


def distance(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest gap between labelled keypoints, infinite if others are labelled."""
    labelled = found[:, 2] > 0
    if (labelled & (wanted[:, 2] == 0)).any() or labelled.sum() < (wanted[:, 2] > 0).sum() - 1:
        return np.inf
    return float(np.abs(found[labelled, :2] - wanted[labelled, :2]).max())


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Return the overlap of two boxes (x0, y0, x1, y1)."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    both = float(np.prod(np.maximum(sides, 0)))
    return both / (float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2])) - both)
