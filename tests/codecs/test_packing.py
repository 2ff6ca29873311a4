"""Geometry of one image's annotations."""

import numpy as np
import pytest

from dualcenter_mmpose.codecs.packing import box_centers, image_to_input_matrix, keypoint_box_areas, presume_centers


def move(matrix, x, y):
    return (matrix @ [x, y, 1])[:2].tolist()


class TestImageToInput:
    """image_to_input_matrix."""

    def test_identity(self):
        """Without warp and mirror, pixels stay."""
        assert move(image_to_input_matrix(None, None, None, (64, 32)), 3, 5) == [3, 5]

    @pytest.mark.parametrize(
        ('direction', 'expected'),
        [('horizontal', [60, 5]), ('vertical', [3, 26]), ('diagonal', [60, 26]), (None, [60, 5])],
    )
    def test_mirror(self, direction, expected):
        """Pixel (3, 5) of 64 x 32 goes to the pixel as far from the other side."""
        assert move(image_to_input_matrix(None, True, direction, (64, 32)), 3, 5) == expected

    def test_mirror_follows_warp(self):
        """The warp comes first: (3, 5) -> (13, 5) -> (50, 5)."""
        warp = np.array([[1, 0, 10], [0, 1, 0]], float)
        assert move(image_to_input_matrix(warp, True, 'horizontal', (64, 32)), 3, 5) == [50, 5]


class TestBoxes:
    """box_centers, keypoint_box_areas."""

    def test_annotated_boxes_are_warped(self):
        """The middle of box (2, 4, 6, 8) is (5, 8); halved it is (2.5, 4)."""
        half = np.diag([0.5, 0.5, 1])
        found = box_centers(np.zeros((1, 3, 2)), np.ones((1, 3), bool), [dict(bbox=[2, 4, 6, 8])], half)
        assert found.tolist() == [[2.5, 4]]

    def test_keypoints_without_annotations(self):
        """Without boxes the labelled keypoints' box serves; a person without any is at 0."""
        cells = np.array([[[1, 1], [3, 7], [99, 99]], [[5, 5], [5, 5], [5, 5]]], float)
        labelled = np.array([[True, True, False], [False, False, False]])
        assert box_centers(cells, labelled, [], np.eye(3)).tolist() == [[2, 4], [0, 0]]
        assert keypoint_box_areas(cells, labelled).tolist() == [12, 0]

    def test_nobody(self):
        """No person, no box."""
        assert box_centers(np.zeros((0, 3, 2)), np.zeros((0, 3), bool), [], np.eye(3)).shape == (0, 2)


class TestPresumeCenters:
    """presume_centers."""

    def test_upright_box(self):
        """A fifth down the middle of box (10, 20, 8, 30) is (14, 26); halved it is (7, 13)."""
        half = np.diag([0.5, 0.5, 1])
        found = presume_centers([dict(bbox=[10, 20, 8, 30], keypoints=[])], [(0.5, 0.2), None], half)
        assert found.tolist() == [[[7, 13, 1], [0, 0, 0]]]

    @pytest.mark.parametrize(
        'annotation',
        [
            dict(bbox=[0, 0, 10, 14], keypoints=[]),  # not upright
            dict(bbox=[0, 0, 10, 40], keypoints=[1, 1, 2]),  # labelled
            dict(bbox=[0, 0, 10, 40], keypoints=[], iscrowd=1),
            dict(bbox=[0, 0, 0, 40], keypoints=[]),
        ],
    )
    def test_nobody_presumed(self, annotation):
        """Lying, labelled, crowded or empty boxes give no center."""
        assert presume_centers([annotation], [(0.5, 0.2)], np.eye(3)).shape == (0, 1, 3)
