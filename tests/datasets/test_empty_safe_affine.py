from __future__ import annotations

import numpy as np
import pytest
from mmpose.datasets.transforms import BottomupRandomAffine

from dualcenter_mmpose.datasets.empty_safe_affine import EmptySafeBottomupRandomAffine


def inputs(num_people: int) -> dict:
    """Return what reaches the transform: an image of 60 x 40 px with some people."""
    rng = np.random.default_rng(0)
    return {
        'img': rng.integers(0, 255, (40, 60, 3)).astype(np.uint8),
        'img_shape': (40, 60),
        'keypoints': rng.uniform(0, 40, (num_people, 3, 2)).astype(np.float32),
        'keypoints_visible': np.ones((num_people, 3), np.float32),
        'bbox': rng.uniform(0, 40, (num_people, 4)).astype(np.float32),
        'area': np.full(num_people, 100.0, np.float32),
    }


def transformed(kind: type, num_people: int, **options: object) -> dict:
    """Return the results of one fixed draw."""
    # MMPose draws from the global generator, so that is the one to fix.
    np.random.seed(3)
    return kind(input_size=(32, 32), **options).transform(inputs(num_people))


class TestTransform:
    """Results with and without people."""

    @pytest.mark.parametrize('keep_corner', [True, False])
    def test_with_people_it_is_the_parent(self, keep_corner: bool) -> None:
        """Same image, keypoints, boxes and areas."""
        ours = transformed(EmptySafeBottomupRandomAffine, 2, bbox_keep_corner=keep_corner)
        parent = transformed(BottomupRandomAffine, 2, bbox_keep_corner=keep_corner)
        assert ours.keys() == parent.keys()
        for key, value in parent.items():
            np.testing.assert_array_equal(ours[key], value, err_msg=key)

    @pytest.mark.parametrize('clip_border', [False, True])
    @pytest.mark.parametrize(('keep_corner', 'shape'), [(True, (0, 4, 2)), (False, (0, 4))])
    def test_without_people_the_image_is_warped_alike(self, keep_corner: bool, shape: tuple, clip_border: bool) -> None:
        """The draw is that of the parent; arrays stay empty and boxes keep their form."""
        options = {'bbox_keep_corner': keep_corner, 'clip_border': clip_border}
        empty = transformed(EmptySafeBottomupRandomAffine, 0, **options)
        parent = transformed(BottomupRandomAffine, 2, **options)
        np.testing.assert_array_equal(empty['warp_mat'], parent['warp_mat'])
        assert empty['img'].shape == (32, 32, 3)
        assert empty['keypoints'].shape == (0, 3, 2)
        assert empty['bbox'].shape == shape
        assert empty['area'].shape == (0,)

    def test_parent_fails_without_people(self) -> None:
        """The reason for the class; once the parent copes, the class can go."""
        with pytest.raises(AttributeError):
            transformed(BottomupRandomAffine, 0)

    def test_without_keypoints(self) -> None:
        """Image-only results pass, as in the parent."""
        results = {key: value for key, value in inputs(0).items() if key in ('img', 'img_shape')}
        warped = EmptySafeBottomupRandomAffine(input_size=(32, 32)).transform(results)
        assert warped['img'].shape == (32, 32, 3)


class TestRandom:
    """The same draws as the parent's."""

    @pytest.mark.parametrize('size', [(), (1,), (2,), (20000,)])
    @pytest.mark.parametrize('options', [{}, {'distribution': 'uniform'}])
    def test_equals_the_parent(self, size: tuple, options: dict) -> None:
        """From the same state of the generator come equal values of equal type, and the state after is the same."""
        drawn, after = [], []
        for kind in (EmptySafeBottomupRandomAffine, BottomupRandomAffine):
            np.random.seed(7)
            drawn.append(kind(input_size=(32, 32), **options)._random(size=size))
            after.append(np.random.random())
        np.testing.assert_array_equal(drawn[0], drawn[1])
        assert np.asarray(drawn[0]).dtype == np.asarray(drawn[1]).dtype
        assert np.shape(drawn[0]) == size
        assert after[0] == after[1]

    def test_other_bounds(self) -> None:
        """Cut on one side."""
        drawn = []
        for kind in (EmptySafeBottomupRandomAffine, BottomupRandomAffine):
            np.random.seed(7)
            drawn.append(kind(input_size=(32, 32))._random(-0.5, 2.0, size=(1000,)))
        np.testing.assert_array_equal(*drawn)
        assert -0.5 <= drawn[0].min() < drawn[0].max() <= 2
