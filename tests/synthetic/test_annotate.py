from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as mask_tools

from dualcenter_mmpose.synthetic.annotate import annotate, crowd_mask, mask_to_polygons, mask_to_rle
from dualcenter_mmpose.synthetic.compose import Picture, compose
from dualcenter_mmpose.synthetic.planning import plan_scene
from dualcenter_mmpose.synthetic.scene import Crowd, Scene, Thing
from dualcenter_mmpose.synthetic.skeleton import JOINT, KEYPOINT_NAMES
from tests.reference.figures import UPRIGHT, person, scene, standing

INDEX = {name: idx for idx, name in enumerate(KEYPOINT_NAMES)}


def labelled(plan: Scene, seed: int = 0) -> tuple[list[dict], Picture]:
    picture = compose(plan, np.random.default_rng(seed))
    return annotate(plan, picture, np.random.default_rng(seed)), picture


def visibility(plan: Scene, idx: int = 0) -> np.ndarray:
    """Return how often out of 8 each keypoint of a person is seen, and whether it ever is labelled though hidden."""
    rows = [np.reshape(labelled(plan, seed)[0][idx]['keypoints'], (17, 3))[:, 2] for seed in range(4)]
    return np.array(rows)


def polygon_area(polygon: list[float]) -> float:
    x, y = np.reshape(polygon, (-1, 2)).T
    return 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))


@pytest.fixture(scope='module')
def random_pictures() -> list[tuple[Scene, Picture, list[dict]]]:
    """Return 12 random pictures with their annotations."""
    pictures = []
    for seed in range(12):
        rng = np.random.default_rng([8, seed])
        plan = plan_scene(rng, 384, 288)
        picture = compose(plan, rng)
        pictures.append((plan, picture, annotate(plan, picture, rng)))
    return pictures


class TestVisibility:
    """2 seen, 1 hidden, 0 outside or not labelled."""

    def test_front(self) -> None:
        """Facing the camera with hanging arms the whole front is seen."""
        seen = visibility(scene(person(standing())))
        names = (
            'nose',
            'left_eye',
            'right_eye',
            'left_shoulder',
            'right_hip',
            'left_knee',
            'right_ankle',
            'left_wrist',
        )
        assert (seen[:, [INDEX[name] for name in names]] == 2).all()

    def test_back(self) -> None:
        """Seen from behind, nose and eyes are never 2, shoulders and knees always."""
        seen = visibility(scene(person(standing(180.0))))
        assert (seen[:, [INDEX[name] for name in ('nose', 'left_eye', 'right_eye')]] < 2).all()
        assert (seen[:, [INDEX[name] for name in ('left_shoulder', 'right_knee')]] == 2).all()

    def test_side(self) -> None:
        """Turned to the image's right, the own right is near: the left shoulder and hip are hidden by the body."""
        seen = visibility(scene(person(standing(90.0))))
        assert (seen[:, [INDEX[name] for name in ('right_shoulder', 'right_elbow', 'nose')]] == 2).all()
        assert (seen[:, [INDEX[name] for name in ('left_shoulder', 'left_hip', 'left_ear')]] < 2).all()

    def test_arm_behind_the_back(self) -> None:
        """A hand behind the back is hidden by the body, and mostly labelled all the same."""
        angles = UPRIGHT.copy()
        angles[JOINT['left_shoulder']] = -35, 0, 80
        angles[JOINT['left_elbow'], 0] = 90
        seen = visibility(scene(person(standing(angles=angles))))[:, INDEX['left_wrist']]
        assert (seen < 2).all()
        assert (seen == 1).any()

    def test_thing_in_front(self) -> None:
        """A box before the legs hides knees and ankles, not the face."""
        box = Thing('box', np.array([0.0, 0.0, -3.0]), 0.0, np.array([2.0, 0.75, 0.2]), 3.0, np.full(3, 90.0))
        seen = visibility(scene(person(standing()), things=(box,)))
        assert (seen[:, [INDEX[name] for name in ('left_knee', 'right_ankle')]] < 2).all()
        assert (seen[:, INDEX['nose']] == 2).all()

    def test_person_in_front(self) -> None:
        """A person before another hides the other's hip."""
        near, far = person(standing(distance=3.0)), person(standing(x=0.2, distance=4.5))
        seen = visibility(scene(near, far), idx=1)
        assert (seen[:, INDEX['right_hip']] < 2).all()
        assert (seen[:, INDEX['left_elbow']] == 2).all()

    def test_cut(self) -> None:
        """Keypoints out of the image are 0, 0, 0."""
        annotations, _ = labelled(scene(person(standing(x=1.0))))
        keypoints = np.reshape(annotations[0]['keypoints'], (17, 3))
        outside = person(standing(x=1.0)).view.points[7, 0]  # left elbow
        assert outside > 200
        assert keypoints[INDEX['left_elbow']].tolist() == [0, 0, 0]
        assert (keypoints[:, 0] <= 199).all()

    def test_left_and_right(self) -> None:
        """In front view everything left of the person is on the image's right, and labelled so."""
        keypoints = np.reshape(labelled(scene(person(standing())))[0][0]['keypoints'], (17, 3))
        for name in ('eye', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'):
            assert keypoints[INDEX[f'left_{name}'], 0] > keypoints[INDEX[f'right_{name}'], 0]

    def test_unlabelled(self) -> None:
        """Somebody without keypoints has a box and 51 zeros."""
        annotation = labelled(scene(person(standing(), has_keypoints=False)))[0][0]
        assert annotation['num_keypoints'] == 0
        assert annotation['keypoints'] == [0] * 51
        assert annotation['bbox'][3] > 150

    def test_visible_ones_lie_on_the_mask(self, random_pictures: list) -> None:
        """In random pictures every 2 is within 2 px of its person's mask, and every 1 inside the image."""
        num_seen = 0
        for _, picture, entries in random_pictures:
            height, width = picture.owner.shape
            for row in entries:
                keypoints = np.reshape(row['keypoints'], (17, 3))
                for x, y, v in keypoints[keypoints[:, 2] > 0]:
                    assert 0 <= x <= width - 1
                    assert 0 <= y <= height - 1
                    if v == 2:
                        decoded = decode(row, height, width)
                        rows, columns = np.nonzero(decoded)
                        assert np.hypot(columns - x, rows - y).min() <= 2.0
                        num_seen += 1
        assert num_seen > 50


def decode(annotation: dict, height: int, width: int) -> np.ndarray:
    """Return the mask that pycocotools reads from an annotation."""
    encoded = mask_tools.frPyObjects(annotation['segmentation'], height, width)
    merged = mask_tools.merge(encoded) if isinstance(encoded, list) else encoded
    return mask_tools.decode(merged).astype(bool)


class TestAnnotate:
    """Masks, boxes and areas agree."""

    def test_hidden_person_is_left_out(self) -> None:
        """Somebody wholly behind another has no annotation."""
        near, far = person(standing(distance=2.5)), person(standing(distance=9.0))
        assert len(labelled(scene(near, far))[0]) == 1

    def test_consistent(self, random_pictures: list) -> None:
        """The box holds the polygons tightly, the area counts pixels as decoding and outlines do."""
        for _, picture, entries in random_pictures:
            height, width = picture.owner.shape
            for row in entries:
                x, y, w, h = row['bbox']
                assert 0 <= x < x + w <= width
                assert 0 <= y < y + h <= height
                mask = decode(row, height, width)
                assert abs(mask.sum() - row['area']) <= 0.12 * row['area'] + 12
                if row['iscrowd']:
                    continue
                corners = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in row['segmentation']])
                np.testing.assert_array_equal(corners.min(axis=0), (x, y))
                np.testing.assert_array_equal(corners.max(axis=0), (x + w, y + h))
                total = sum(map(polygon_area, row['segmentation']))
                assert abs(total - row['area']) <= 0.15 * row['area'] + 12

    def test_crowd(self) -> None:
        """A crowd's run lengths decode to its people's pixels and gaps, but not to the thin limbs before it."""
        plan = scene(person(standing(distance=14.0)))._replace(
            crowds=(Crowd(np.array([20.0, 90, 180, 110]), 30.0, 30.0),)
        )
        annotations, picture = labelled(plan)
        (crowd,) = [row for row in annotations if row['iscrowd']]
        mask = decode(crowd, 200, 200)
        assert mask[picture.owner == 1000].all()
        assert not mask[picture.owner == 0].any()
        assert mask.sum() == crowd['area']
        assert crowd['num_keypoints'] == 0


class TestCrowdMask:
    """Gaps closed, others spared."""

    def test_by_hand(self) -> None:
        """Between crowd pixels 0-4 and 8-12 somebody stands at 6: 5 and 7 belong to the region, 6 does not."""
        owner = np.full((9, 13), 1000, dtype=np.int16)
        owner[:, 5:8] = -1
        owner[:, 6] = 0
        mask = crowd_mask(Picture(np.zeros((9, 13, 3), np.uint8), owner, ()), 0)
        assert mask[4].tolist() == [True] * 6 + [False] + [True] * 6


class TestMaskToPolygons:
    """Outlines along pixel corners."""

    def test_nothing(self) -> None:
        """No pixel, no polygon."""
        assert mask_to_polygons(np.zeros((4, 5), dtype=bool)) == []

    def test_one_pixel(self) -> None:
        """Pixel (3, 2) is the square from (3, 2) to (4, 3)."""
        mask = np.zeros((5, 6), dtype=bool)
        mask[2, 3] = True
        (polygon,) = mask_to_polygons(mask)
        assert polygon_area(polygon) == 1
        assert np.reshape(polygon, (-1, 2)).min(axis=0).tolist() == [3, 2]

    def test_two_blocks(self) -> None:
        """Two rectangles of 2 x 3 and 4 x 2 pixels have areas 6 and 8, and decode to themselves."""
        mask = np.zeros((12, 12), dtype=bool)
        mask[1:4, 1:3] = mask[6:8, 5:9] = True
        polygons = mask_to_polygons(mask)
        assert sorted(map(polygon_area, polygons)) == [6, 8]
        np.testing.assert_array_equal(decode({'segmentation': polygons}, 12, 12), mask)


class TestMaskToRle:
    """COCO's run lengths."""

    def test_by_hand(self) -> None:
        """Columns of [[0, 1], [1, 1]] read 0 1 1 1: one zero, three ones."""
        assert mask_to_rle(np.array([[0, 1], [1, 1]], dtype=bool)) == {'size': [2, 2], 'counts': [1, 3]}

    @pytest.mark.parametrize('seed', range(4))
    def test_round_trip(self, seed: int) -> None:
        """pycocotools decodes random masks to themselves, empty and full ones too."""
        rng = np.random.default_rng(seed)
        mask = rng.random((13, 9)) < (0.0, 1.1, 0.3, 0.8)[seed]
        np.testing.assert_array_equal(decode({'segmentation': mask_to_rle(mask)}, 13, 9), mask)
        assert sum(mask_to_rle(mask)['counts']) == mask.size
