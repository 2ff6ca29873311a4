"""Geometry of one image's annotations."""

import numpy as np
import pytest

from dualcenter_mmpose.codecs.packing import (
    box_centers,
    image_to_input_matrix,
    keypoint_box_areas,
    pack_annotations,
    unlabelled_boxes,
)


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
        """Without boxes the labelled keypoints' box serves; an instance without any is at 0."""
        cells = np.array([[[1, 1], [3, 7], [99, 99]], [[5, 5], [5, 5], [5, 5]]], float)
        labelled = np.array([[True, True, False], [False, False, False]])
        assert box_centers(cells, labelled, [], np.eye(3)).tolist() == [[2, 4], [0, 0]]
        assert keypoint_box_areas(cells, labelled).tolist() == [12, 0]

    def test_nobody(self):
        """No instance, no box."""
        assert box_centers(np.zeros((0, 3, 2)), np.zeros((0, 3), bool), [], np.eye(3)).shape == (0, 2)


class TestUnlabelledBoxes:
    """unlabelled_boxes."""

    def test_corners(self):
        """Box (10, 20, 8, 30), halved: top left (5, 10), top right (9, 10), bottom left (5, 25)."""
        half = np.diag([0.5, 0.5, 1])
        found = unlabelled_boxes([dict(bbox=[10, 20, 8, 30], keypoints=[])], half)
        assert found.tolist() == [[[5, 10], [9, 10], [5, 25]]]

    def test_mirrored(self):
        """In an image of 100 px mirrored left to right the person's top left is at the right: (90, 20) and (82, 20)."""
        mirrored = np.array([[-1.0, 0, 100], [0, 1, 0], [0, 0, 1]])
        found = unlabelled_boxes([dict(bbox=[10, 20, 8, 30], keypoints=[])], mirrored)
        assert found.tolist() == [[[90, 20], [82, 20], [90, 50]]]

    @pytest.mark.parametrize(
        'annotation',
        [
            dict(bbox=[0, 0, 10, 40], keypoints=[1, 1, 2]),  # labelled
            dict(bbox=[0, 0, 10, 40], keypoints=[], iscrowd=1),
            dict(bbox=[0, 0, 0, 40], keypoints=[]),
            dict(keypoints=[]),
        ],
    )
    def test_others(self, annotation):
        """Labelled, crowded and empty boxes, and instances without one, are left out."""
        assert unlabelled_boxes([annotation], np.eye(3)).shape == (0, 3, 2)


class TestPackAnnotations:
    """pack_annotations."""

    def pack(self, reduction):
        """Two instances, one without labels, in an image warped at ``reduction`` times the nominal size."""
        keypoints = np.array([[[9.5, 19.5], [29.5, 59.5]], [[0, 0], [0, 0]]], np.float32)
        labelled = np.array([[True, True], [False, False]])
        crowd = dict(bbox=[0, 0, 8, 8], keypoints=[], iscrowd=1)
        return pack_annotations(keypoints, labelled, None, [crowd], np.eye(3), reduction, (16, 16), 4.0)

    def test_larger_image(self):
        """At twice the size, pixel 9.5 is 4.5 of the nominal image and 29.5 is 14.5; a box of 20 x 40 is 10 x 20."""
        packed, boxes = self.pack(2)
        assert packed['target_keypoints'].tolist() == [[[4.5, 9.5], [14.5, 29.5]]]
        assert packed['target_areas'].tolist() == [200]
        assert packed['target_box_centers'].tolist() == [[9.5, 19.5]]
        assert boxes.shape == (0, 3, 2)

    def test_annotated_areas(self):
        """An annotated area of 800 px^2 at twice the size is one of 200 at the nominal size."""
        keypoints, labelled = np.zeros((1, 1, 2), np.float32), np.ones((1, 1), bool)
        packed, _ = pack_annotations(keypoints, labelled, np.array([800.0]), [], np.eye(3), 2, (16, 16), 4.0)
        assert packed['target_areas'].tolist() == [200]

    def test_mask_is_read_at_the_middle_of_cells(self):
        """A crowd of 9 x 9 px covers a quarter of the third cell's width, which stays supervised."""
        crowd = dict(iscrowd=1, segmentation=dict(size=[64, 64], counts=[0, *([9, 55] * 8), 9, 55 + 64 * 55]))
        nobody = np.zeros((0, 1, 2), np.float32), np.zeros((0, 1), bool)
        packed, _ = pack_annotations(*nobody, None, [crowd], np.eye(3), 1, (16, 16), 4.0)
        mask = np.unpackbits(packed['target_mask_bits'][0], axis=1, count=16).astype(bool)
        assert np.argwhere(~mask).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]

    def test_mask_covers_cells(self):
        """A crowd of 8 x 8 px at the nominal size takes the first two cells of 4 px each way."""
        packed, _ = self.pack(1)
        mask = np.unpackbits(packed['target_mask_bits'][0], axis=1, count=16).astype(bool)
        assert not mask[:2, :2].any()
        assert mask[3:].all()
