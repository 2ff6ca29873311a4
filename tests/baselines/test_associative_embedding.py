"""The codec: what it packs, the way there and back, its doors."""

from __future__ import annotations

import mmpose.datasets.transforms  # noqa: F401
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import TRANSFORMS

from dualcenter_mmpose.baselines import AssociativeEmbeddingGrouping
from dualcenter_mmpose.baselines.resolution_targets import locate_tags, make_resolution_targets
from tests.helpers import COCO_POSE, CROWDPOSE, encode_sample, random_people, standing_people

SIZE = 128
PLACES = [(40.0, 50.0, 4.0), (60.0, 54.0, 3.0), (100.0, 60.0, 5.0)]


def make_codec(**options):
    return AssociativeEmbeddingGrouping((SIZE, SIZE), (SIZE // 4, SIZE // 4), **options)


def perfect_maps(codec, keypoints):
    """Return targets as predictions: heatmaps of both resolutions and each instance's tag around its keypoints."""
    instances = codec.unpack([encode_sample(codec, keypoints)])
    coarse, fine = make_resolution_targets(instances, codec.sigma)
    places = locate_tags(instances)
    tags = torch.zeros(1, codec.num_keypoints, SIZE // 4, SIZE // 4)
    for instance in range(len(keypoints)):
        for keypoint in range(codec.num_keypoints):
            if places.valid[0, instance, keypoint]:
                y, x = divmod(places.indices[0, instance, keypoint].item(), SIZE // 4)
                tags[0, keypoint, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = 10.0 * (instance + 1)
    return [coarse.heatmaps, fine.heatmaps], tags[:, None]


class TestEncode:
    """Keypoints are packed, maps are not."""

    def test_packed(self):
        """Pixel 7.5 is cell 1.5 at 1/4: (7.5 + 0.5) / 4 - 0.5; nobody without labels; 8 cells of the mask in a byte."""
        codec = make_codec()
        keypoints = np.full((2, 17, 2), 7.5, np.float32)
        visible = np.zeros((2, 17), np.float32)
        visible[1, 3] = 2
        packed = codec.encode(keypoints, visible)
        assert (packed['target_keypoints'] == 1.5).all()
        assert packed['target_keypoints'].shape == (1, 17, 2)
        assert packed['target_labelled'].nonzero() == (np.array([0]), np.array([3]))
        assert packed['target_mask_bits'].shape == (1, 64, 8)

    def test_crowd_is_masked(self):
        """An unlabelled instance's box, 32 x 16 px at (64, 32), covers 16 x 8 fine cells at (32, 16)."""
        codec = make_codec()
        annotation = dict(bbox=[64, 32, 32, 16], iscrowd=0, keypoints=[0] * 51)
        packed = codec.encode(np.zeros((0, 17, 2), np.float32), raw_ann_info=[annotation])
        mask = np.unpackbits(packed['target_mask_bits'][0], axis=1)
        assert (mask == 0).sum() == pytest.approx(16 * 8, abs=16 + 8 + 1)  # half a cell at two sides
        assert not mask[17:23, 33:47].any()

    def test_loader_delivers(self):
        """MMPose's own transforms carry it all to the head: the mirrored instance is where it was painted."""
        init_default_scope('mmpose')
        codec = dict(type='AssociativeEmbeddingGrouping', input_size=(SIZE,) * 2, heatmap_size=(SIZE // 4,) * 2)
        results = dict(
            img=np.zeros((SIZE, SIZE, 3), np.uint8),
            img_shape=(SIZE, SIZE),
            input_size=(SIZE, SIZE),
            keypoints=standing_people(PLACES[:1]),
            keypoints_visible=np.ones((1, 17), np.float32),
            raw_ann_info=[dict(bbox=[0, 0, 20, SIZE], iscrowd=1, segmentation=[])],
            flip_indices=[0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15],
        )
        for transform in (dict(type='RandomFlip', prob=1.0), dict(type='GenerateTarget', encoder=codec)):
            results = TRANSFORMS.build(transform)(results)
        sample = TRANSFORMS.build(dict(type='PackPoseInputs'))(results)['data_samples']
        instances = make_codec().unpack([sample])
        mirrored = SIZE - 1 - (COCO_POSE[0, 0] * 4 + 40)  # the nose
        assert instances.keypoints[0, 0, 0, 0].item() == pytest.approx((mirrored + 0.5) / 4 - 0.5)
        assert not instances.valid_mask[0, :, 56:].any()  # the crowd at the left is at the right now
        assert instances.valid_mask[0, :, :53].all()

    def test_wrong_keypoints(self):
        with pytest.raises(ValueError, match=r"\(N, 14, 2\) for the keypoint set 'crowdpose', got \(1, 17, 2\)"):
            make_codec(metainfo=CROWDPOSE).encode(np.zeros((1, 17, 2), np.float32))

    def test_wrong_size(self):
        with pytest.raises(ValueError, match=r'image is \(256, 256\) but input_size of the codec is \(128, 128\)'):
            make_codec().encode(np.zeros((1, 17, 2), np.float32), input_size=(256, 256))

    def test_mirrored_rectangle(self):
        codec = AssociativeEmbeddingGrouping((128, 64), (32, 16))
        with pytest.raises(ValueError, match='mirrored keypoints of a 128 x 64 image are wrong'):
            codec.encode(np.zeros((1, 17, 2), np.float32), input_size=(128, 64), flip=True)


class TestUnpack:
    """A batch of images with different numbers of instances."""

    def test_padding(self):
        """Padded instances have no labels."""
        codec = make_codec()
        counts = (0, 3, 1)
        samples = [encode_sample(codec, random_people(count, SIZE, seed=0)) for count in counts]
        instances = codec.unpack(samples)
        assert instances.keypoints.shape == (3, 3, 17, 2)
        assert instances.labelled.any(dim=2).sum(dim=1).tolist() == list(counts)
        assert instances.valid_mask.shape == (3, SIZE // 2, SIZE // 2)


class TestDecode:
    """The way back."""

    @pytest.mark.parametrize('stride', [1, 2])
    def test_round_trip(self, stride):
        """Each keypoint returns to within the rounding to a cell at 1/2: 1 px, and a quarter px (cell) of refinement.

        The peak of the mean lies between the peaks of the two resolutions, which are up to 2 and 1 px off.
        """
        keypoints = standing_people(PLACES)
        codec = make_codec(decoding=dict(stride=stride))
        heatmaps, tags = perfect_maps(codec, keypoints)
        found = codec.batch_decode(heatmaps, tags)
        assert found.valid.tolist() == [[True] * 3]
        order = found.keypoints[0, :, :, 0].mean(dim=1).argsort()
        errors = found.keypoints[0, order].numpy() - keypoints
        assert np.abs(errors).max() < 2
        assert np.abs(errors.mean(axis=(0, 1))).max() < 0.2  # half a coarse cell would be 2, half a fine one 1

    @pytest.mark.parametrize('shift', [-1.0, 1.0])
    def test_half_a_cell_is_seen(self, shift):
        """The same check fails when targets lie half a fine cell off."""
        keypoints = standing_people(PLACES)
        codec = make_codec()
        heatmaps, tags = perfect_maps(codec, keypoints + np.float32(shift))
        found = codec.batch_decode(heatmaps, tags).keypoints[0]
        errors = found[found[:, :, 0].mean(dim=1).argsort()].numpy() - keypoints
        assert np.abs(errors.mean(axis=(0, 1))).max() > 0.2

    def test_one_resolution(self):
        """MMPose's form: one image, numpy, instance scores beside keypoint scores."""
        codec = make_codec()
        (coarse, _), tags = perfect_maps(codec, standing_people(PLACES))
        keypoints, (scores, keypoint_scores) = codec.decode(coarse[0], tags[0])
        assert keypoints.shape == (3, 17, 2)
        assert scores.shape == (3,)
        assert keypoint_scores.shape == (3, 17)
        assert (np.diff(scores) <= 0).all()


class TestSizes:
    """What does not fit is refused when the codec is built."""

    def test_input(self):
        with pytest.raises(ValueError, match=r'multiples of 32 .* got \(100, 128\)'):
            AssociativeEmbeddingGrouping((100, 128), (25, 32))

    def test_heatmap(self):
        with pytest.raises(ValueError, match=r'input_size \(128, 128\) divided by 4, got \(64, 64\)'):
            AssociativeEmbeddingGrouping((128, 128), (64, 64))
