"""Maps -> people: peaks, quarter cells, missing keypoints, and MMPose's codec as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmpose.codecs import AssociativeEmbedding

from dualcenter_mmpose.baselines.tag_decoding import (
    TagDecoding,
    TaggedInstances,
    average_resolutions,
    decode_tagged_instances,
    fill_missing,
    find_tag_candidates,
    highest_around,
    move_a_quarter,
    stack_instances,
)
from dualcenter_mmpose.codecs.painting import paint_gaussians


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


class TestAverageResolutions:
    """Resolutions meet at one size."""

    def test_constant(self):
        """Means of constants stay exact at any size."""
        maps = [torch.full((1, 2, 3, 4), 0.2), torch.full((1, 2, 6, 8), 0.6)]
        average = average_resolutions(maps, (16, 12))
        assert average.shape == (1, 2, 12, 16)
        assert torch.allclose(average, torch.tensor(0.4))

    def test_half_cells(self):
        """A ramp over input px, read at the middle of 4 x 4 and of 2 x 2 cells, is itself again inside."""
        ramps = [(torch.arange(side) + 0.5) * 32 / side - 0.5 for side in (8, 16)]
        maps = [ramp.expand(1, 1, len(ramp), -1) for ramp in ramps]
        average = average_resolutions(maps, (32, 32))[0, 0, 16]
        assert torch.allclose(average[2:-2], torch.arange(32.0)[2:-2], atol=1e-4)


class TestHighestAround:
    """The window's maximum."""

    @pytest.mark.parametrize('kernel', [1, 3, 5])
    def test_same_as_max_pool(self, kernel):
        """At every cell, the border included, also where the map is smaller than the window."""
        for size in ((7, 9), (2, 3)):
            maps = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
            expected = F.max_pool2d(maps, kernel, stride=1, padding=kernel // 2)
            assert torch.equal(highest_around(maps, kernel), expected)


class TestFindTagCandidates:
    """Peaks with their tags."""

    def test_by_hand(self):
        """Two peaks at (4, 1) and (1, 5); the neighbour of the first is no peak."""
        heatmaps = torch.zeros(1, 1, 7, 8)
        heatmaps[0, 0, 1, 4], heatmaps[0, 0, 1, 5], heatmaps[0, 0, 5, 1] = 0.9, 0.8, 0.7
        tags = torch.arange(2 * 56.0).reshape(1, 2, 1, 7, 8)
        found = find_tag_candidates(heatmaps, tags, TagDecoding(max_candidates=2))
        assert found.scores[0, 0].tolist() == pytest.approx([0.9, 0.7])
        assert found.cells[0, 0].tolist() == [[4, 1], [1, 5]]
        assert found.tags[0, 0].tolist() == [[12, 68], [41, 97]]  # 1 * 8 + 4, 5 * 8 + 1, and 56 more

    def test_small_map(self):
        """Fewer cells than candidates."""
        found = find_tag_candidates(torch.rand(1, 2, 2, 3), torch.rand(1, 1, 2, 2, 3), TagDecoding())
        assert found.scores.shape == (1, 2, 6)


class TestMoveAQuarter:
    """Towards the hotter neighbour."""

    @pytest.mark.parametrize(
        ('cell', 'expected'),
        [((2, 2), (2.25, 1.75)), ((0, 2), (0, 2)), ((4, 2), (4, 2)), ((2, 0), (2, 0)), ((3, 3), (2.75, 2.75))],
    )
    def test_by_hand(self, cell, expected):
        """Right of and above (2, 2) is hotter; at the border a neighbour is missing, equal ones do not move."""
        heatmaps = torch.zeros(1, 5, 5)
        heatmaps[0, 2, 3], heatmaps[0, 1, 2], heatmaps[0, 3, 2] = 0.5, 0.5, 0.2
        moved = move_a_quarter(torch.tensor([[cell]]), heatmaps)
        assert moved[0, 0].tolist() == pytest.approx(expected)


class TestFillMissing:
    """A person's tag says where else to look."""

    def test_by_hand(self):
        """The person's tag is 2; of the missing keypoint's two peaks the hotter is another's (5), it gets the other."""
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
        """The same people, best first. MMPose adds half a pixel to keypoints found, and no quarter to those filled."""
        heatmaps, tags = random_maps(seed, num_tags=num_tags)
        order = [3, 0, 4, 1, 2]
        theirs = AssociativeEmbedding((40, 40), (40, 40), decode_keypoint_order=order, decode_center_shift=0.5)
        expected = zip(*theirs.batch_decode(heatmaps, tags.flatten(1, 2)))
        ours = decode_tagged_instances(heatmaps, tags, order, TagDecoding(max_people=1000))
        for people, (keypoints, keypoint_scores, scores) in zip(of_each_image(ours), expected):
            best = np.argsort(-scores, kind='stable')
            assert len(best) > 5
            keypoints = keypoints[best]
            is_found = keypoints % 1 != 0
            assert (~is_found).any()
            assert np.allclose(people.scores, scores[best], atol=1e-6)
            assert np.allclose(people.keypoint_scores, keypoint_scores[best].clip(min=0), atol=1e-6)
            assert np.allclose(people.keypoints.numpy()[is_found], keypoints[is_found] - 0.5)
            assert np.array_equal(np.floor(people.keypoints.numpy() + 0.5)[~is_found], keypoints[~is_found])

    def test_two_people(self):
        """Perfect maps of two people who overlap: every keypoint on its cell, one person per tag."""
        points = torch.tensor([[[10.0, 10.0], [14.0, 10.0], [30.0, 30.0]], [[16.0, 12.0], [20.0, 12.0], [8.0, 30.0]]])
        heatmaps = paint_gaussians(points[None], torch.ones(1, 2, 3, dtype=torch.bool), [2.0] * 3, (40, 40))
        tags = torch.zeros(1, 1, 3, 40, 40)
        for person, value in enumerate((-3.0, 3.0)):
            for keypoint, (x, y) in enumerate(points[person].int().tolist()):
                tags[0, 0, keypoint, y, x] = value
        people = decode_tagged_instances(heatmaps, tags, [0, 1, 2], TagDecoding())
        assert sorted(people.keypoints[0].tolist()) == points.tolist()
        assert torch.allclose(people.scores, torch.ones(1, 2))

    def test_no_heat_for_the_missing(self):
        """A keypoint that is nowhere gets a place and the score 0, even where the network puts out less."""
        heatmaps = torch.full((1, 2, 8, 8), -0.2)
        heatmaps[0, 0, 3, 4] = 0.8
        people = decode_tagged_instances(heatmaps, torch.zeros(1, 1, 2, 8, 8), [0, 1], TagDecoding())
        assert people.keypoint_scores.tolist() == [[[pytest.approx(0.8), 0]]]
        assert people.scores.tolist() == [[pytest.approx(0.4)]]

    def test_nobody(self):
        """Empty maps: no people, shapes kept."""
        people = decode_tagged_instances(torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 3, 8, 8), [0, 1, 2], TagDecoding())
        assert people.keypoints.shape == (1, 0, 3, 2)
        assert people.keypoint_scores.shape == (1, 0, 3)
        assert people.scores.shape == people.valid.shape == (1, 0)

    def test_max_people(self):
        """The best are kept."""
        heatmaps, tags = random_maps(1)
        everybody = decode_tagged_instances(heatmaps, tags, range(5), TagDecoding(max_people=1000))
        best = decode_tagged_instances(heatmaps, tags, range(5), TagDecoding(max_people=3))
        assert best.valid.sum() == 6
        for whole, part in zip(everybody, best):
            assert torch.equal(whole[:, :3], part)
