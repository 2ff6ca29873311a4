"""Center rules, by hand and against a loop."""

import numpy as np
import pytest
import torch

from dualcenter_mmpose.codecs.center_groups import (
    PAPER_CENTERS,
    locate_centers,
    membership,
    resolve_center_groups,
)
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout
from tests.helpers import COCO, CROWDPOSE, random_people, small_layout
from tests.reference.targets import center_of

COCO_LAYOUT = load_keypoint_layout(COCO)


def locate(centers, keypoints, labelled, layout=COCO_LAYOUT, boxes=None):
    groups = resolve_center_groups(centers, layout)
    keypoints, labelled = torch.as_tensor(keypoints)[None], torch.as_tensor(labelled)[None]
    if boxes is None:
        boxes = torch.zeros(*keypoints.shape[:2], 2)
    return locate_centers(groups, membership(groups, layout.num_keypoints), keypoints, labelled, boxes)


class TestResolve:
    """resolve_center_groups."""

    def test_paper_centers_of_coco(self):
        """The head is the five face points, the body the two torso pairs."""
        head, body = resolve_center_groups(PAPER_CENTERS, COCO_LAYOUT)
        assert head.parts == ((0, 1, 2, 3, 4),)
        assert body.parts == ((5, 6), (11, 12))
        assert (head.sigma, body.sigma, head.radius) == (2.0, 4.0, 4.0)

    def test_paper_centers_of_crowdpose(self):
        """CrowdPose has no face: its head is the top of the head and the neck."""
        layout = load_keypoint_layout(CROWDPOSE)
        head, body = resolve_center_groups(PAPER_CENTERS, layout)
        assert [layout.keypoint_names[k] for k in head.parts[0]] == ['top_head', 'neck']
        assert body.parts == ((0, 1), (6, 7))

    def test_metainfo_names_the_keypoints(self):
        """A data set's own center_keypoints precede the standard names."""
        metainfo = small_layout(('snout', 'left_ear', 'tail'))
        metainfo['center_keypoints'] = dict(head_center=['snout'], body_center=[['snout', 'tail']])
        head, body = resolve_center_groups(PAPER_CENTERS, load_keypoint_layout(metainfo))
        assert (head.parts, body.parts) == (((0,),), ((0, 2),))

    def test_set_without_head(self):
        """A set without head keypoints is refused with the remedy."""
        layout = load_keypoint_layout(small_layout(('left_wheel', 'right_wheel')))
        with pytest.raises(ValueError, match=r"'little' has no standard head keypoints.*centers=\[dict"):
            resolve_center_groups(PAPER_CENTERS[:1], layout)

    def test_set_without_torso(self):
        """A set without torso pairs is refused with the remedy."""
        layout = load_keypoint_layout(small_layout(('nose', 'left_wheel')))
        with pytest.raises(ValueError, match='no standard torso keypoints'):
            resolve_center_groups(PAPER_CENTERS, layout)

    @pytest.mark.parametrize(
        ('centers', 'message'),
        [
            ([], 'at least one'),
            ([dict(rule='mean')], "'name' is missing"),
            ([dict(name='a', rule='median')], "rule must be one of .* got 'median'"),
            ([dict(name='a', rule='mean', sgima=2)], r"unknown keys \['sgima'\]"),
            ([dict(name='a', rule='mean', keypoints=['chin'])], "'chin' is not in the keypoint set 'coco'"),
            ([dict(name='a', rule='keypoint', keypoints=[17])], 'index 17 is outside'),
            ([dict(name='a', rule='keypoint')], 'needs keypoints'),
            ([dict(name='a', rule='keypoint', keypoints=['nose', 'left_eye'])], 'takes one keypoint'),
            ([dict(name='a', rule='pair_mid', keypoints=['nose'])], 'list of pairs'),
            ([dict(name='a', rule='pair_mid', partial='maybe')], "partial must be one of .* got 'maybe'"),
            ([dict(name='a', rule='kpt_mean', radius=0)], 'must be positive'),
            ([dict(name='a', rule='kpt_mean'), dict(name='a', rule='bbox')], 'unique'),
        ],
    )
    def test_bad_input(self, centers, message):
        """Each mistake is named."""
        with pytest.raises(ValueError, match=message):
            resolve_center_groups(centers, COCO_LAYOUT)


class TestLocate:
    """locate_centers."""

    def test_pair_mid_with_one_hip(self):
        """Shoulders at y 0, one hip at y 6: the body is at 3; a plain mean is at 2, a sixth of the torso higher."""
        keypoints, labelled = np.zeros((1, 17, 2), np.float32), np.zeros((1, 17), bool)
        keypoints[0, [5, 6, 11]] = [[0, 0], [4, 0], [2, 6]]
        labelled[0, [5, 6, 11]] = True
        body = [dict(name='body_center', rule='pair_mid')]
        mean = [dict(name='body', rule='mean', keypoints=[5, 6, 11, 12])]
        assert locate(body, keypoints, labelled).points[0, 0, 0].tolist() == [2, 3]
        assert locate(mean, keypoints, labelled).points[0, 0, 0].tolist() == [2, 2]

    def test_partial(self):
        """Shoulders without hips make a body by default and none under 'drop'."""
        keypoints, labelled = np.ones((1, 17, 2), np.float32), np.zeros((1, 17), bool)
        labelled[0, [5, 6]] = True
        for policy, expected in (('use', True), ('drop', False)):
            found = locate([dict(name='b', rule='pair_mid', partial=policy)], keypoints, labelled)
            assert bool(found.valid) is expected
            assert found.points[0, 0, 0].tolist() == ([1, 1] if expected else [0, 0])

    def test_head_only_and_torso_only(self):
        """An instance with one kind of keypoints gets exactly one center."""
        keypoints, labelled = np.ones((2, 17, 2), np.float32), np.zeros((2, 17), bool)
        labelled[0, :3], labelled[1, 5:7] = True, True
        assert locate(PAPER_CENTERS, keypoints, labelled).valid[0].tolist() == [[True, False], [False, True]]

    def test_limbs_only(self):
        """Knees and ankles alone give neither head nor body, but a keypoint mean."""
        keypoints, labelled = np.ones((1, 17, 2), np.float32), np.zeros((1, 17), bool)
        labelled[0, 13:] = True
        centers = [*PAPER_CENTERS, dict(name='kpt_center', rule='kpt_mean')]
        assert locate(centers, keypoints, labelled).valid[0, 0].tolist() == [False, False, True]

    def test_bbox(self):
        """The box center is the annotated box's, for instances with a labelled keypoint."""
        keypoints, labelled = np.ones((2, 17, 2), np.float32), np.zeros((2, 17), bool)
        labelled[0, 0] = True
        found = locate([dict(name='box', rule='bbox')], keypoints, labelled, boxes=torch.full((1, 2, 2), 9.0))
        assert found.points[0, :, 0].tolist() == [[9, 9], [0, 0]]
        assert found.valid[0, :, 0].tolist() == [True, False]

    @pytest.mark.parametrize('num_people', [0, 1, 6])
    def test_equals_loop(self, num_people):
        """All rules at once equal the loop over instances."""
        rng = np.random.default_rng(num_people)
        keypoints = random_people(num_people, 64, seed=3)
        labelled = rng.random((num_people, 17)) < 0.5
        keypoints[~labelled] = np.nan  # unlabelled coordinates must never be read
        centers = [
            *PAPER_CENTERS,
            dict(name='kpt_center', rule='kpt_mean'),
            dict(name='left_shoulder', rule='keypoint', keypoints='left_shoulder'),
            dict(name='feet', rule='mean', keypoints=[11, 12, 13, 14, 15, 16]),
        ]
        found = locate(centers, keypoints, labelled)
        for g, group in enumerate(resolve_center_groups(centers, COCO_LAYOUT)):
            for n in range(num_people):
                expected = center_of(keypoints[n], labelled[n], group.parts)
                assert bool(found.valid[0, n, g]) is (expected is not None)
                np.testing.assert_allclose(
                    found.points[0, n, g], np.zeros(2) if expected is None else expected, rtol=1e-5, atol=1e-4
                )

    def test_commutes_with_affine_maps(self):
        """The center of the warped keypoints is the warped center."""
        keypoints = random_people(4, 64, seed=5)
        labelled = np.random.default_rng(6).random((4, 17)) < 0.6
        matrix = np.array([[0.8, -0.5, 7], [0.3, 1.2, -20]], np.float32)
        warped = keypoints @ matrix[:, :2].T + matrix[:, 2]
        before, after = locate(PAPER_CENTERS, keypoints, labelled), locate(PAPER_CENTERS, warped, labelled)
        expected = before.points.numpy() @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(after.points[after.valid], expected[before.valid.numpy()], atol=1e-3)
