from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import PackPoseInputs

from dualcenter_mmpose.datasets.fast_packing import FastPackPoseInputs, to_planes


def picture(dtype: object = np.uint8, channels: int = 3) -> np.ndarray:
    """Return an image of 7 x 5 px, no two pixels alike."""
    return np.arange(5 * 7 * channels, dtype=dtype).reshape(5, 7, channels)


VIEWS = {
    'as it is': np.s_[:, :],
    'mirrored': np.s_[:, ::-1],
    'upside down': np.s_[::-1],
    'both': np.s_[::-1, ::-1],
    'every other pixel': np.s_[::2, 1::2],
    'every other pixel, mirrored': np.s_[:, ::-2],
    'other channel order': np.s_[:, :, ::-1],
}


class TestToPlanes:
    """Channels first, whatever the view."""

    def test_by_hand(self) -> None:
        """Two pixels side by side, mirrored: each plane holds the right pixel's value first."""
        planes = to_planes(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)[:, ::-1])
        assert planes.tolist() == [[[4, 1]], [[5, 2]], [[6, 3]]]

    @pytest.mark.parametrize('view', VIEWS.values(), ids=VIEWS)
    @pytest.mark.parametrize(('dtype', 'channels'), [(np.uint8, 3), (np.float32, 3), (np.uint8, 1), (np.uint8, 4)])
    def test_equals_transposing(self, view: object, dtype: object, channels: int) -> None:
        """The same values in one piece of memory; the image stays as it was."""
        image = picture(dtype, channels)
        planes = to_planes(image[view])
        np.testing.assert_array_equal(planes, image[view].transpose(2, 0, 1))
        assert planes.flags.c_contiguous
        assert planes.dtype == dtype
        np.testing.assert_array_equal(image, picture(dtype, channels))


def results_of(image: object) -> dict:
    """Return what reaches the packer."""
    return {
        'img': image,
        'img_id': 3,
        'flip': True,
        'keypoints': np.ones((2, 17, 2), np.float32),
        'keypoints_visible': np.ones((2, 17), np.float32),
        'heatmaps': np.ones((4, 2, 2), np.float32),
        'keypoint_weights': np.ones((2, 17), np.float32),
    }


class TestTransform:
    """What the parent packs, and its image."""

    @pytest.mark.parametrize(
        'image', [picture(), picture()[:, ::-1], picture(np.int64), picture()[..., 0], [picture(), picture() + 1]]
    )
    def test_equals_the_parent(self, image: object) -> None:
        """Pictures, and what is left to the parent: other types, one channel without an axis, several pictures."""
        ours, parent = (kind().transform(results_of(image)) for kind in (FastPackPoseInputs, PackPoseInputs))
        assert ours.keys() == parent.keys()
        assert torch.equal(ours['inputs'], parent['inputs'])
        assert ours['inputs'].dtype == parent['inputs'].dtype
        assert ours['inputs'].is_contiguous()
        addresses = re.compile(' at 0x[0-9a-f]+')
        assert addresses.sub('', str(ours['data_samples'])) == addresses.sub('', str(parent['data_samples']))

    def test_without_an_image(self) -> None:
        """Lifting has none: the parent's business."""
        results = {'lifting_target': 0, 'keypoints': np.ones((1, 17, 2), np.float32)}
        assert FastPackPoseInputs().transform(results)['inputs'].shape == (1, 17, 2)

    def test_results_stay(self) -> None:
        """The image of the results is not exchanged, and packed memory is not shared with it."""
        results = results_of(picture())
        packed = FastPackPoseInputs().transform(results)
        packed['inputs'].zero_()
        np.testing.assert_array_equal(results['img'], picture())

    def test_meta_keys(self) -> None:
        """Arguments are the parent's."""
        sample = FastPackPoseInputs(meta_keys=('img_id',)).transform(results_of(picture()))['data_samples']
        assert sample.metainfo == {'img_id': 3}
