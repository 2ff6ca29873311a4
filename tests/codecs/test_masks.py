"""Masks of unlabelled instances, on shapes whose cells can be counted."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from dualcenter_mmpose.codecs.masks import draw_valid_mask, is_unlabelled, pack_mask, unpack_mask
from dualcenter_mmpose.coordinates import input_to_map_matrix

TO_MAP = input_to_map_matrix(4)
NO_KEYPOINTS = dict(iscrowd=0, keypoints=[0] * 51)


def square(x, y, side):
    return [x, y, x + side, y, x + side, y + side, x, y + side]


def run_lengths(region):
    """Return COCO's uncompressed form: lengths of runs in column order, the first of zeros."""
    flat = np.concatenate([[0], region.flatten(order='F'), [2]])
    edges = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], edges]))
    return dict(size=list(region.shape), counts=[int(c) for c in counts])


class TestIsUnlabelled:
    """is_unlabelled."""

    @pytest.mark.parametrize(
        ('annotation', 'expected'),
        [
            (dict(iscrowd=1, keypoints=[1, 1, 2]), True),
            (dict(keypoints=[0, 0, 0, 5, 5, 0]), True),
            (dict(keypoints=[]), True),
            (dict(), True),
            (dict(keypoints=[0, 0, 0, 5, 5, 1]), False),
        ],
    )
    def test_cases(self, annotation, expected):
        """A crowd, or nobody's keypoint labelled."""
        assert is_unlabelled(annotation) is expected


class TestDrawValidMask:
    """draw_valid_mask."""

    def test_nothing(self):
        """Without annotations every cell is supervised."""
        assert draw_valid_mask([], TO_MAP, (8, 6)).tolist() == np.ones((6, 8), bool).tolist()

    def test_labelled_person_is_not_masked(self):
        """An instance with keypoints is not masked, whatever its segmentation."""
        person = dict(keypoints=[1, 1, 2], segmentation=[square(0, 0, 32)], bbox=[0, 0, 32, 32])
        assert draw_valid_mask([person], TO_MAP, (8, 8)).all()

    @pytest.mark.parametrize('kind', ['polygon', 'run lengths', 'compressed', 'box'])
    def test_square(self, kind):
        """Pixels 8 to 23 are cells 2 to 5, in every notation."""
        region = np.zeros((32, 32), np.uint8)
        region[8:24, 8:24] = 1
        # Pixel indices of the region's middle: COCO's polygons and boxes run along pixel borders.
        annotation = {
            'polygon': dict(segmentation=[square(8, 8, 15)]),
            'run lengths': dict(segmentation=run_lengths(region)),
            'compressed': dict(segmentation=coco_mask.encode(np.asfortranarray(region))),
            'box': dict(segmentation=[], bbox=[8, 8, 15, 15]),
        }[kind]
        expected = np.ones((8, 8), bool)
        expected[2:6, 2:6] = False
        found = draw_valid_mask([{**NO_KEYPOINTS, **annotation}], TO_MAP, (8, 8))
        assert found.tolist() == expected.tolist()

    def test_less_than_half_of_a_cell(self):
        """A cell is masked when at least half of what is read there lies in the region: a quarter is too little."""
        region = np.zeros((32, 32), np.uint8)
        region[:, 10:24] = 1
        quarter = np.array([[1, 0, 0.25], [0, 1, 0], [0, 0, 1]])  # cell 2 reads at x = 9.25, cell 3 at 13.25
        found = draw_valid_mask([dict(iscrowd=1, segmentation=run_lengths(region))], TO_MAP @ quarter, (8, 8))
        assert found[0].tolist() == [True, True, True, False, False, False, True, True]

    def test_crowd_run_lengths(self):
        """A crowd in COCO's own notation masks its region (MMPose's transform masks nothing)."""
        region = np.zeros((40, 60), np.uint8)
        region[:, 20:40] = 1
        crowd = dict(iscrowd=1, segmentation=run_lengths(region), bbox=[20, 0, 20, 40])
        found = draw_valid_mask([crowd], TO_MAP, (15, 10))
        assert (~found).sum() == 5 * 10
        assert not found[:, 5:10].any()

    @pytest.mark.parametrize('segmentation', [None, [], [[]], [[1, 2, 3, 4]]])
    def test_no_usable_segmentation(self, segmentation):
        """Empty, missing or degenerate outlines fall back to the box."""
        person = dict(**NO_KEYPOINTS, segmentation=segmentation, bbox=[0, 0, 15, 15])
        found = draw_valid_mask([person], TO_MAP, (8, 8))
        assert (~found).sum() == 16

    def test_overlapping_parts_stay_masked(self):
        """Two parts of one instance that overlap are a union, not a difference."""
        person = dict(**NO_KEYPOINTS, segmentation=[square(0, 0, 15), square(0, 0, 15)], bbox=[0, 0, 15, 15])
        assert (~draw_valid_mask([person], TO_MAP, (8, 8))).sum() == 16

    def test_mirrored(self):
        """A matrix that mirrors the image mirrors the mask."""
        region = np.zeros((32, 32), np.uint8)
        region[4:20, 0:12] = 1
        crowd = dict(iscrowd=1, segmentation=run_lengths(region), bbox=[0, 4, 12, 16])
        mirror = np.array([[-1, 0, 31], [0, 1, 0], [0, 0, 1]], float)
        straight = draw_valid_mask([crowd], TO_MAP, (8, 8))
        mirrored = draw_valid_mask([crowd], TO_MAP @ mirror, (8, 8))
        assert mirrored.tolist() == straight[:, ::-1].tolist()


@pytest.mark.parametrize('width', [8, 16, 13])
def test_pack_round_trip(width):
    """Bits hold the mask, also when the width is not a multiple of 8."""
    mask = np.random.default_rng(width).random((5, width)) < 0.5
    bits = pack_mask(mask)
    assert bits.shape == (1, 5, -(-width // 8))
    assert unpack_mask(bits, width).tolist() == mask.tolist()
