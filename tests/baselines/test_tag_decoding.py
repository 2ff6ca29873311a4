"""Maps -> instances: peaks, quarter cells, missing keypoints, and MMPose's codec as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmpose.codecs import AssociativeEmbedding

from dualcenter_mmpose.baselines.tag_decoding import (
    TagDecoding,
    TaggedInstances,
    decode_tagged_instances,
    fill_missing,
    move_a_quarter,
    stack_instances,
)
from dualcenter_mmpose.codecs.rendering import render_gaussians


def random_maps(seed, num_keypoints=5, num_tags=1, side=40):
    """Return smooth random heatmaps and tags, with peaks away from the border."""
    generator = torch.Generator().manual_seed(seed)
    heatmaps = torch.rand(2, num_keypoints, side // 4, side // 4, generator=generator) ** 3
    heatmaps = F.interpolate(heatmaps, size=(side, side), mode='bicubic')
    heatmaps[..., :3] = heatmaps[..., -3:] = heatmaps[..., :3, :] = heatmaps[..., -3:, :] = 0
    tags = torch.randn(2, num_tags * num_keypoints, side // 8, side // 8, generator=generator) * 2
    tags = F.interpolate(tags, size=(side, side), mode='bilinear')
    return heatmaps, tags.unflatten(1, (num_tags, num_keypoints))


class TestTagDecoding:
    """Options are checked when they are given."""

    @pytest.mark.parametrize(('name', 'value'), [('stride', 0), ('max_candidates', 0), ('max_people', 0)])
    def test_too_small(self, name, value):
        with pytest.raises(ValueError, match=f'{name} must be at least 1, got 0'):
            TagDecoding(**{name: value})

    @pytest.mark.parametrize('kernel', [0, 4])
    def test_kernel(self, kernel):
        with pytest.raises(ValueError, match=f'positive odd number, got {kernel}'):
            TagDecoding(peak_kernel=kernel)


class TestMoveAQuarter:
    """Towards the higher neighbour."""

    @pytest.mark.parametrize(
        ('cell', 'expected'),
        [((2, 2), (2.25, 1.75)), ((0, 2), (0, 2)), ((4, 2), (4, 2)), ((2, 0), (2, 0)), ((3, 3), (2.75, 2.75))],
    )
    def test_by_hand(self, cell, expected):
        """Right of and above (2, 2) is higher; at the border a neighbour is missing, equal ones do not move."""
        heatmaps = torch.zeros(1, 5, 5)
        heatmaps[0, 2, 3], heatmaps[0, 1, 2], heatmaps[0, 3, 2] = 0.5, 0.5, 0.2
        moved = move_a_quarter(torch.tensor([[cell]]), heatmaps)
        assert moved[0, 0].tolist() == pytest.approx(expected)


class TestFillMissing:
    """An instance's tag says where else to look."""

    def test_by_hand(self):
        """The instance's tag is 2; of the missing keypoint's two peaks the higher has tag 5, so it gets the other."""
        heatmaps = torch.zeros(2, 4, 4)
        heatmaps[1, 0, 0], heatmaps[1, 3, 2] = 0.9, 0.3
        tags = torch.full((1, 2, 4, 4), 2.0)
        tags[0, 1, 0, 0] = 5
        cells, scores = fill_missing(torch.tensor([[[1, 1], [0, 0]]]), torch.tensor([[0.8, 0.0]]), heatmaps, tags)
        assert cells.tolist() == [[[1, 1], [2, 3]]]
        assert scores.tolist() == [[pytest.approx(0.8), pytest.approx(0.3)]]

    def test_nothing_missing(self):
        """Found keypoints and arguments stay."""
        heatmaps, tags = random_maps(0)
        cells, scores = torch.full((3, 5, 2), 7), torch.full((3, 5), 0.5)
        filled = fill_missing(cells, scores, heatmaps[0], tags[0])
        assert torch.equal(filled[0], cells)
        assert torch.equal(filled[1], scores)


def of_each_image(batch):
    """Return the valid instances of each image without the padding."""
    return [type(batch)(*(values[image][valid] for values in batch)) for image, valid in enumerate(batch.valid)]


class TestStackInstances:
    """Images with different numbers of instances."""

    def test_padding(self):
        """Two, none and one: slots are filled from the front, the rest are not valid."""
        images = [
            TaggedInstances(torch.full((count, 3, 2), 7), torch.full((count, 3), 0.5), torch.full((count,), 0.4))
            for count in (2, 0, 1)
        ]
        stacked = stack_instances(images)
        assert stacked.valid.tolist() == [[True, True], [False, False], [True, False]]
        assert stacked.keypoints.shape == (3, 2, 3, 2)
        assert (stacked.keypoints[stacked.valid] == 7).all()
        assert stacked.scores.tolist() == [pytest.approx([0.4, 0.4]), [0, 0], pytest.approx([0.4, 0])]


class TestDecodeTaggedInstances:
    """The whole way."""

    @pytest.mark.parametrize(('seed', 'num_tags'), [(0, 1), (1, 1), (2, 2), (3, 2)])
    def test_same_as_mmpose(self, seed, num_tags):
        """The same instances, best first. MMPose adds half a pixel to found keypoints, no quarter to those filled."""
        heatmaps, tags = random_maps(seed, num_tags=num_tags)
        order = [3, 0, 4, 1, 2]
        theirs = AssociativeEmbedding((40, 40), (40, 40), decode_keypoint_order=order, decode_center_shift=0.5)
        expected = zip(*theirs.batch_decode(heatmaps, tags.flatten(1, 2)))
        ours = decode_tagged_instances(heatmaps, tags, order, TagDecoding(max_people=1000))
        for instances, (keypoints, keypoint_scores, scores) in zip(of_each_image(ours), expected):
            best = np.argsort(-scores, kind='stable')
            assert len(best) > 5
            keypoints = keypoints[best]
            is_found = keypoints % 1 != 0
            assert (~is_found).any()
            assert np.allclose(instances.scores, scores[best], atol=1e-6)
            assert np.allclose(instances.keypoint_scores, keypoint_scores[best].clip(min=0), atol=1e-6)
            assert np.allclose(instances.keypoints.numpy()[is_found], keypoints[is_found] - 0.5)
            assert np.array_equal(np.floor(instances.keypoints.numpy() + 0.5)[~is_found], keypoints[~is_found])

    def test_two_people(self):
        """Perfect maps of two instances that overlap: every keypoint on its cell, one instance per tag."""
        points = torch.tensor([[[10.0, 10.0], [14.0, 10.0], [30.0, 30.0]], [[16.0, 12.0], [20.0, 12.0], [8.0, 30.0]]])
        heatmaps = render_gaussians(points[None], torch.ones(1, 2, 3, dtype=torch.bool), [2.0] * 3, (40, 40))
        tags = torch.zeros(1, 1, 3, 40, 40)
        for instance, value in enumerate((-3.0, 3.0)):
            for keypoint, (x, y) in enumerate(points[instance].int().tolist()):
                tags[0, 0, keypoint, y, x] = value
        instances = decode_tagged_instances(heatmaps, tags, [0, 1, 2], TagDecoding())
        assert sorted(instances.keypoints[0].tolist()) == points.tolist()
        assert torch.allclose(instances.scores, torch.ones(1, 2))

    def test_no_heat_for_the_missing(self):
        """A keypoint that is nowhere gets a place and the score 0, even where the network puts out less."""
        heatmaps = torch.full((1, 2, 8, 8), -0.2)
        heatmaps[0, 0, 3, 4] = 0.8
        instances = decode_tagged_instances(heatmaps, torch.zeros(1, 1, 2, 8, 8), [0, 1], TagDecoding())
        assert instances.keypoint_scores.tolist() == [[[pytest.approx(0.8), 0]]]
        assert instances.scores.tolist() == [[pytest.approx(0.4)]]

    def test_nobody(self):
        """Empty maps: no instances, shapes kept."""
        instances = decode_tagged_instances(
            torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 3, 8, 8), [0, 1, 2], TagDecoding()
        )
        assert instances.keypoints.shape == (1, 0, 3, 2)
        assert instances.keypoint_scores.shape == (1, 0, 3)
        assert instances.scores.shape == instances.valid.shape == (1, 0)

    def test_max_people(self):
        """The best are kept."""
        heatmaps, tags = random_maps(1)
        everybody = decode_tagged_instances(heatmaps, tags, range(5), TagDecoding(max_people=1000))
        best = decode_tagged_instances(heatmaps, tags, range(5), TagDecoding(max_people=3))
        assert best.valid.sum() == 6
        for whole, part in zip(everybody, best):
            assert torch.equal(whole[:, :3], part)
