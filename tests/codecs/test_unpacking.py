"""Packed annotations on the grid of the head."""

import numpy as np
import pytest
import torch

from dualcenter_mmpose.codecs.unpacking import locate_pseudo_centers, unpack_instances, unpack_masks

UPRIGHT = np.array([[[10, 20], [18, 20], [10, 50]]], np.float32)
"""A box of 8 x 30 px."""


def locate(boxes, places, stride=1.0, align='corner'):
    return locate_pseudo_centers(boxes, places, stride, align, torch.device('cpu'))


class TestUnpackInstances:
    """unpack_instances."""

    @pytest.mark.parametrize(('align', 'expected'), [('center', [6.0, 9.75]), ('corner', [6.375, 10.125])])
    def test_alignment(self, align, expected):
        """Pixel 25.5 is at (25.5 + 0.5) / 4 - 0.5 = 6 cells, or at 25.5 / 4; 320 px^2 are 20 cells^2."""
        packed = dict(
            target_keypoints=torch.tensor([[[25.5, 40.5]]]),
            target_labelled=torch.ones(1, 1, dtype=torch.uint8),
            target_areas=torch.tensor([320.0]),
            target_box_centers=torch.tensor([[25.5, 40.5]]),
            target_mask_bits=torch.full((1, 16, 2), 255, dtype=torch.uint8),
        )
        instances = unpack_instances([packed], 16, 4.0, align)
        assert instances.keypoints[0, 0, 0].tolist() == expected
        assert instances.box_centers[0, 0].tolist() == expected
        assert instances.areas.tolist() == [[20]]
        assert instances.valid_mask.shape == (1, 16, 16)

    def test_padding_is_not_labelled(self):
        """Images with fewer instances are padded with keypoints that do not count."""
        batch = [
            dict(
                target_keypoints=torch.ones(num, 1, 2),
                target_labelled=torch.ones(num, 1, dtype=torch.uint8),
                target_areas=torch.ones(num),
                target_box_centers=torch.ones(num, 2),
                target_mask_bits=torch.zeros(1, 2, 1, dtype=torch.uint8),
            )
            for num in (1, 3)
        ]
        assert unpack_instances(batch, 2, 4.0, 'center').labelled.sum(dim=1).flatten().tolist() == [1, 3]


def test_unpack_masks_is_the_inverse_of_packbits():
    """Masks of a width that is no multiple of 8 come back."""
    mask = np.random.default_rng(0).random((2, 3, 13)) < 0.5
    bits = torch.from_numpy(np.packbits(mask, axis=2))
    assert (unpack_masks(bits, 13).numpy() == mask).all()


class TestPseudoCenters:
    """locate_pseudo_centers."""

    def test_upright_box(self):
        """A fifth down the middle of box (10, 20, 8, 30) is (14, 26); on cells of 2 px it is (7, 13)."""
        assert locate([UPRIGHT], [(0.5, 0.2), None], stride=2.0).tolist() == [[[[7, 13, 1], [0, 0, 0]]]]

    @pytest.mark.parametrize(('height', 'is_upright'), [(14, False), (15, True)])
    def test_aspect(self, height, is_upright):
        """From one and a half times its width a box is upright, also when the warp has turned it by 30 degrees."""
        box = np.array([[0, 0], [10, 0], [0, height]], np.float32)
        turn = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]], np.float32)
        found = locate([np.stack((box, box @ turn.T))], [(0.5, 0.2)])
        assert (found[0, :, 0, 2] > 0).tolist() == [is_upright, is_upright]

    def test_mirrored_box(self):
        """A quarter from the left of the instance is a quarter from the right of its mirror image."""
        mirrored = UPRIGHT * np.array([-1, 1], np.float32) + np.array([100, 0], np.float32)
        straight, turned = (locate([boxes], [(0.25, 0.1)])[0, 0, 0] for boxes in (UPRIGHT, mirrored))
        assert turned[0].item() == pytest.approx(100 - straight[0].item())

    def test_nobody(self):
        """Images without boxes, alone and beside others."""
        empty = np.zeros((0, 3, 2), np.float32)
        assert locate([empty, empty], [(0.5, 0.1)]).shape == (2, 0, 1, 3)
        assert locate([empty, UPRIGHT], [(0.5, 0.1)])[..., 2].tolist() == [[[0]], [[1]]]
