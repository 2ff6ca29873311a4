"""Maps to instances in one call; the codec's round trips test the values further."""

import pytest
import torch

from dualcenter_mmpose.assembly.decoding import DecodingOptions, find_all_candidates, group_candidates
from dualcenter_mmpose.types import Candidates, DenseMaps, PoseNetOutputs

OKS_SIGMAS = (0.05, 0.1)


def make_maps(*peaks, size=16):
    """Return maps of 2 keypoints and 2 centers with (center, x, y, value) peaks; keypoints 3 cells left and right."""
    heatmaps = torch.zeros(1, 4, size, size)
    for center, x, y, heat in peaks:
        heatmaps[0, 2 + center, y, x] = heat
    displacements = torch.zeros(1, 2, 2, 2, size, size)
    displacements[:, :, 0, 0], displacements[:, :, 1, 0] = -3, 3
    return DenseMaps(heatmaps, displacements.flatten(1, 3))


class TestTwoSteps:
    """find_all_candidates, group_candidates."""

    def test_two_centers_of_one_person(self):
        """Poses of both centers in one place are one instance; the better center's pose stands for it."""
        people = decode(make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5)))
        assert people.valid.sum() == 1
        assert people.keypoints[0, 0].tolist() == [[21.5, 33.5], [45.5, 33.5]]
        assert people.scores[0, 0].item() == pytest.approx(0.7)

    def test_threshold(self):
        """Above an OKS of 1 nothing is grouped."""
        people = decode(make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5)), group_thr=1.0)
        assert people.valid.sum() == 2

    def test_nobody(self):
        """Empty maps hold nobody."""
        assert not decode(make_maps()).valid.any()


TWO_POSES = make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5))
"""Poses of two centers in one place; candidates 0 (center 0) and 30 (center 1)."""


def decode(maps, predict=None, **options):
    """Both steps, with a stub of the networks between them."""
    chosen = DecodingOptions(**options)
    candidates = find_all_candidates(maps, len(OKS_SIGMAS), chosen)
    outputs = PoseNetOutputs() if predict is None else predict(candidates)
    return group_candidates(maps, candidates, outputs, OKS_SIGMAS, 4, 'center', chosen)


def outputs_of(confidences=None, embeddings=None, move=None):
    """Return a stub of the networks: values for the first candidate of center 0 and of center 1, 0 for the others."""

    def predict(candidates: Candidates) -> PoseNetOutputs:
        first = [0, candidates.valid.shape[1] // 2]
        answers = {}
        if confidences is not None:
            answers['confidences'] = torch.zeros(candidates.valid.shape)
            answers['confidences'][0, first] = torch.tensor(confidences)
        if embeddings is not None:
            answers['embeddings'] = torch.zeros(*candidates.valid.shape, len(embeddings[0]))
            answers['embeddings'][0, first] = torch.tensor(embeddings)
        if move is not None:
            answers['refined'] = candidates.keypoints + torch.tensor(move)
        return PoseNetOutputs(**answers)

    return predict


class TestSpatialTerm:
    """The option spatial."""

    @pytest.mark.parametrize('spatial', ['oks', 'gaussian', 'euclidean'])
    def test_one_person(self, spatial):
        """By every term, poses in one place are one instance and poses 8 cells apart are two."""
        together, apart = TWO_POSES, make_maps((0, 4, 8, 0.9), (1, 12, 8, 0.5))
        assert decode(together, spatial=spatial, group_thr=0.9).valid.sum() == 1
        assert decode(apart, spatial=spatial, group_thr=0.9).valid.sum() == 2

    def test_euclidean_rule(self):
        """Fig. 12's rule: less than a tenth of the diagonal of 6 cells apart is one instance."""
        half_a_cell, one_cell = make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5)), make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5))
        half_a_cell.displacements[:, 4::2] += 0.5
        one_cell.displacements[:, 4::2] += 1
        assert decode(half_a_cell, spatial='euclidean', group_thr=0.9).valid.sum() == 1
        assert decode(one_cell, spatial='euclidean', group_thr=0.9).valid.sum() == 2


class TestGroupingOption:
    """The option grouping."""

    @pytest.mark.parametrize(('grouping', 'expected'), [('greedy', 2), ('components', 1)])
    def test_chain(self, grouping, expected):
        """Three poses in a row, each similar to its neighbours alone: two instances, or one."""
        chain = make_maps((0, 5, 8, 0.9), (0, 8, 8, 0.8), (0, 11, 8, 0.7))  # half a diagonal from one to the next
        found = decode(chain, spatial='euclidean', group_thr=0.45, grouping=grouping)
        assert found.valid.sum() == expected


class TestPredict:
    """Pose-net outputs in decoding."""

    def test_one_call_for_all(self):
        """One call for all candidates of the batch."""
        calls = []

        def predict(candidates):
            calls.append(candidates.keypoints.shape)
            return PoseNetOutputs()

        decode(TWO_POSES, predict)
        assert calls == [(1, 60, 2, 2)]

    def test_silent_networks_change_nothing(self):
        """Without any network the instances are those of the centers' heatmaps."""
        for a, b in zip(decode(TWO_POSES, lambda _: PoseNetOutputs()), decode(TWO_POSES)):
            assert torch.equal(a, b)

    def test_confidence_ranks_and_scores(self):
        """The more confident pose stands for the instance, though its center is lower, and gives the score."""
        maps = make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5))
        maps.displacements[:, 4::2] += 0.25  # center 1 sees the instance 1 px further right
        found = decode(maps, outputs_of(confidences=(0.3, 0.6)))
        assert found.valid.sum() == 1
        assert found.scores[0, 0].item() == pytest.approx(0.6)
        assert found.keypoints[0, 0].tolist() == [[22.5, 33.5], [46.5, 33.5]]

    def test_instance_score_over_confidence(self):
        """Another instance score may be set; the confidence still ranks."""
        found = decode(TWO_POSES, outputs_of(confidences=(0.3, 0.6)), instance_score='center')
        assert found.scores[0, 0].item() == pytest.approx(0.5)

    def test_confidence_of_what_is_no_candidate(self):
        """A confident network makes no instances out of empty slots."""
        found = decode(TWO_POSES, lambda c: PoseNetOutputs(confidences=torch.ones(c.valid.shape)))
        assert found.valid.sum() == 1

    @pytest.mark.parametrize(
        ('second', 'expected'), [((1.0, 0.0), 1), ((0.6, 0.8), 1), ((0.1, 0.995), 2), ((-1.0, 0.0), 2)]
    )
    def test_appearance(self, second, expected):
        """Poses in one place are one instance if similar in looks: a cosine of 0.6 exceeds 0.2, one of 0.1 does not."""
        predict = outputs_of(embeddings=((1.0, 0.0), second))
        assert decode(TWO_POSES, predict, group_thr=0.2).valid.sum() == expected

    def test_appearance_times_space(self):
        """Poses that look the same, but stand apart, are two instances."""
        apart = make_maps((0, 4, 8, 0.9), (1, 12, 8, 0.5))
        assert decode(apart, outputs_of(embeddings=((1.0, 0.0), (1.0, 0.0)))).valid.sum() == 2

    def test_refined(self):
        """The refined pose comes out, in input px, with the value where it ends; grouping sees the pose as it was."""
        maps = make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5))
        maps.heatmaps[0, 0, 9, 6], maps.heatmaps[0, 1, 9, 12] = 0.8, 0.4
        found = decode(maps, outputs_of(move=(1.0, 1.0)))
        assert found.valid.sum() == 1
        assert found.keypoints[0, 0].tolist() == [[25.5, 37.5], [49.5, 37.5]]  # 4 px further right and down
        assert found.keypoint_scores[0, 0].tolist() == pytest.approx([0.8, 0.4])


class TestMerge:
    """The option merge."""

    def make_maps(self):
        """Return maps on which center 1 sees the instance 1 cell further right, and both keypoints are equally high."""
        maps = make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.6))
        maps.displacements[:, 4::2] += 1
        maps.heatmaps[0, :2] = 0.5
        return maps

    def test_weighted_by_center_heat(self):
        """Weights of 0.9 and 0.6 put the merged pose 0.4 cells, 1.6 px, off the better one."""
        found = decode(self.make_maps(), merge=True, group_thr=0.01)
        assert found.valid.sum() == 1
        torch.testing.assert_close(found.keypoints[0, 0, :, 0], torch.tensor([23.1, 47.1]))

    def test_weighted_by_confidence(self):
        """Where there is a confidence network, its word is the weight: 0.2 and 0.6, and the second stands for both."""
        predict = outputs_of(confidences=(0.2, 0.6))
        found = decode(self.make_maps(), predict, merge=True, group_thr=0.01)
        torch.testing.assert_close(found.keypoints[0, 0, :, 0], torch.tensor([24.5, 48.5]))
        assert found.scores[0, 0].item() == pytest.approx(0.6)

    def test_keypoint_scores_of_the_merged_pose(self):
        """Equally sure poses 2 cells apart meet at cells 6 and 12: the heatmaps' values there score the keypoints."""
        maps = make_maps((0, 8, 8, 0.8), (1, 8, 8, 0.8))
        maps.displacements[:, 4::2] += 2
        maps.heatmaps[0, :2] = 0.5
        maps.heatmaps[0, 0, 8, 6], maps.heatmaps[0, 1, 8, 12] = 0.9, 0.3
        found = decode(maps, merge=True, spatial='euclidean', group_thr=0.5)
        assert found.valid.sum() == 1
        torch.testing.assert_close(found.keypoint_scores[0, 0], torch.tensor([0.9, 0.3]))

    def test_alone(self):
        """An instance seen by one center is not moved."""
        maps = make_maps((0, 8, 8, 0.9))
        torch.testing.assert_close(decode(maps, merge=True).keypoints[0, 0], decode(maps).keypoints[0, 0])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(max_candidates=0), 'max_candidates must be at least 1, got 0'),
        (dict(max_people=-1), 'max_people'),
        (dict(peak_kernel=2), 'odd number, got 2'),
        (dict(instance_score='best'), "instance_score must be one of .*'confidence'.* got 'best'"),
        (dict(grouping='random'), "grouping must be one of .'greedy', 'components'., got 'random'"),
        (dict(spatial='iou'), "spatial must be one of .'oks', 'gaussian', 'euclidean'., got 'iou'"),
    ],
)
def test_bad_options(options, message):
    """Each value out of range is named."""
    with pytest.raises(ValueError, match=message):
        DecodingOptions(**options)
