"""Grouping: laws, the loop as oracle, and scores by hand."""

import pytest
import torch

from dualcenter_mmpose.assembly.grouping import (
    GROUPINGS,
    INSTANCE_SCORES,
    group_connected,
    group_greedily,
    merge_groups,
    pick_instances,
    score_instances,
)
from dualcenter_mmpose.types import Candidates, Groups
from tests.reference import grouping as slowly


def random_case(num, seed, num_images=3):
    generator = torch.Generator().manual_seed(seed)
    similarity = torch.rand(num_images, num, num, generator=generator)
    similarity = (similarity + similarity.transpose(1, 2)) / 2
    scores = torch.rand(num_images, num, generator=generator)
    valid = torch.rand(num_images, num, generator=generator) < 0.8
    return similarity, scores, valid


@pytest.mark.parametrize('name', list(GROUPINGS))
class TestBothGroupings:
    """What every grouping obeys."""

    @pytest.mark.parametrize('threshold', [0.2, 0.5, 0.7, 0.93])
    @pytest.mark.parametrize('num', [1, 2, 13, 60])
    def test_equals_loop(self, name, num, threshold):
        """Batched ranks give what the loop gives, image by image."""
        similarity, scores, valid = random_case(num, seed=num)
        groups = GROUPINGS[name](similarity, scores, valid, threshold)
        group_slowly = {'greedy': slowly.group_greedily, 'components': slowly.group_connected}[name]
        for b in range(len(scores)):
            expected = group_slowly(similarity[b].tolist(), scores[b].tolist(), valid[b].tolist(), threshold)
            assert groups.representatives[b].tolist() == expected
            is_rep = [i == r and bool(v) for i, (r, v) in enumerate(zip(expected, valid[b]))]
            assert groups.is_representative[b].tolist() == is_rep

    @pytest.mark.parametrize('threshold', [0.6, 0.9])
    def test_permutation(self, name, threshold):
        """Renaming the candidates renames the groups and nothing else."""
        similarity, scores, valid = random_case(20, seed=3)
        order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
        group = GROUPINGS[name]
        before = group(similarity, scores, valid, threshold)
        after = group(similarity[:, order][:, :, order], scores[:, order], valid[:, order], threshold)
        assert torch.equal(order[after.representatives], before.representatives[:, order])
        assert torch.equal(after.is_representative, before.is_representative[:, order])

    @pytest.mark.parametrize(('threshold', 'expected'), [(1.0, 7), (-1.0, 1)])
    def test_extreme_thresholds(self, name, threshold, expected):
        """1 keeps all apart, a negative threshold keeps one."""
        similarity, scores, _ = random_case(7, seed=0)
        groups = GROUPINGS[name](similarity, scores, torch.ones(3, 7, dtype=torch.bool), threshold)
        assert groups.is_representative.sum(dim=1).tolist() == [expected] * 3

    def test_nobody(self, name):
        """Where no candidate is valid, there is no group."""
        invalid = GROUPINGS[name](torch.ones(1, 2, 2), torch.zeros(1, 2), torch.zeros(1, 2, dtype=torch.bool), 0.5)
        assert not invalid.is_representative.any()

    def test_arguments_are_not_changed(self, name):
        """Grouping leaves its arguments as they were."""
        arguments = random_case(9, seed=4)
        copies = [argument.clone() for argument in arguments]
        GROUPINGS[name](*arguments, 0.5)
        assert all(torch.equal(a, b) for a, b in zip(arguments, copies))


class TestGroupGreedily:
    """group_greedily."""

    def test_chain_is_not_one_person(self):
        """0 and 2 are similar only through 1: the best absorbs 1, and 2 stays itself."""
        similarity = torch.tensor([[[1, 0.9, 0.1], [0.9, 1, 0.9], [0.1, 0.9, 1]]])
        groups = group_greedily(similarity, torch.tensor([[0.9, 0.8, 0.7]]), torch.ones(1, 3, dtype=torch.bool), 0.5)
        assert groups.representatives.tolist() == [[0, 0, 2]]

    def test_longest_chain(self):
        """In a chain of 60, each similar to its neighbours alone, every second candidate stays."""
        num = 60
        similarity = torch.eye(num) + torch.diag(torch.ones(num - 1), 1) + torch.diag(torch.ones(num - 1), -1)
        scores = torch.linspace(1, 0.5, num)[None]
        groups = group_greedily(similarity[None], scores, torch.ones(1, num, dtype=torch.bool), 0.5)
        assert groups.is_representative[0].tolist() == [i % 2 == 0 for i in range(num)]


class TestGroupConnected:
    """group_connected."""

    def test_chain_is_one_person(self):
        """0 and 2 are similar only through 1, and 1 is the best: all three are one, and it stands for them."""
        similarity = torch.tensor([[[1, 0.9, 0.1], [0.9, 1, 0.9], [0.1, 0.9, 1]]])
        groups = group_connected(similarity, torch.tensor([[0.7, 0.9, 0.8]]), torch.ones(1, 3, dtype=torch.bool), 0.5)
        assert groups.representatives.tolist() == [[1, 1, 1]]
        assert groups.is_representative.tolist() == [[False, True, False]]

    @pytest.mark.parametrize('num', [2, 3, 33, 60])
    def test_longest_chain(self, num):
        """A chain of neighbours is one instance, however long."""
        similarity = torch.eye(num) + torch.diag(torch.ones(num - 1), 1) + torch.diag(torch.ones(num - 1), -1)
        scores = torch.linspace(1, 0.5, num)[None]
        groups = group_connected(similarity[None], scores, torch.ones(1, num, dtype=torch.bool), 0.5)
        assert groups.representatives.tolist() == [[0] * num]

    def test_invalid_link_breaks_the_chain(self):
        """What is not a candidate chains nobody."""
        similarity = torch.tensor([[[1, 0.9, 0.1], [0.9, 1, 0.9], [0.1, 0.9, 1]]])
        valid = torch.tensor([[True, False, True]])
        groups = group_connected(similarity, torch.tensor([[0.7, 0.9, 0.8]]), valid, 0.5)
        assert groups.is_representative.tolist() == [[True, False, True]]


class TestMergeGroups:
    """merge_groups."""

    def test_by_hand(self):
        """Weights 3 and 1 on one keypoint, 0 and 2 on the other: a quarter of the way, and all of it."""
        keypoints = torch.tensor([[[[0.0, 0.0], [0.0, 0.0]], [[4.0, 8.0], [4.0, 8.0]]]])
        weights = torch.tensor([[[3.0, 0.0], [1.0, 2.0]]])
        groups = Groups(torch.tensor([[0, 0]]), torch.tensor([[True, False]]))
        merged = merge_groups(keypoints, weights, torch.ones(1, 2, dtype=torch.bool), groups)
        torch.testing.assert_close(merged[0, 0], torch.tensor([[1.0, 2.0], [4.0, 8.0]]), atol=1e-4, rtol=0)
        assert torch.equal(merged[0, 1], keypoints[0, 1])  # represents nobody: stays

    @pytest.mark.parametrize('num', [1, 2, 20])
    def test_equals_loop(self, num):
        """Scattered sums give what the loop gives, image by image."""
        similarity, scores, valid = random_case(num, seed=num)
        generator = torch.Generator().manual_seed(num)
        keypoints = 50 * torch.rand(3, num, 4, 2, generator=generator)
        weights = torch.rand(3, num, 4, generator=generator) + 0.01
        groups = group_greedily(similarity, scores, valid, 0.5)
        merged = merge_groups(keypoints, weights, valid, groups)
        for b in range(3):
            owner = groups.representatives[b].tolist()
            expected = slowly.merge_groups(keypoints[b].tolist(), weights[b].tolist(), valid[b].tolist(), owner)
            torch.testing.assert_close(merged[b], torch.tensor(expected), atol=1e-4, rtol=1e-5)

    def test_alone(self):
        """A group of one keeps its pose, even one without any weight, as on a heatmap of zeros."""
        keypoints = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
        groups = Groups(torch.tensor([[0, 1, 2]]), torch.ones(1, 3, dtype=torch.bool))
        weights = torch.zeros(1, 3, 2)
        torch.testing.assert_close(merge_groups(keypoints, weights, groups.is_representative, groups), keypoints)


def two_centers_two_people():
    """Return head candidates 0, 1 and body candidates 2, 3; 0 and 2 are one instance, 1 is alone, 3 is not valid."""
    candidates = Candidates(
        keypoints=torch.zeros(1, 4, 2, 2),
        scores=torch.tensor([[0.9, 0.4, 0.5, 0.0]]),
        cells=torch.zeros(1, 4, 2, dtype=torch.long),
        center_ids=torch.tensor([0, 0, 1, 1]),
        valid=torch.tensor([[True, True, True, False]]),
    )
    groups = Groups(torch.tensor([[0, 1, 0, 3]]), torch.tensor([[True, True, False, False]]))
    return candidates, groups


class TestScoreInstances:
    """score_instances."""

    @pytest.mark.parametrize(
        ('mode', 'expected'),
        [
            ('center', [0.9, 0.4]),
            ('center_mean', [0.7, 0.4]),  # (0.9 + 0.5) / 2, and the own score if alone
            ('center*kpt_mean', [0.45, 0.2]),  # keypoint scores 0.25 and 0.75
        ],
    )
    def test_modes(self, mode, expected):
        """Each mode by hand."""
        candidates, groups = two_centers_two_people()
        keypoint_scores = torch.tensor([0.25, 0.75]).expand(1, 4, 2)
        scores = score_instances(candidates, groups, keypoint_scores, 2, mode)
        assert scores[0, :2].tolist() == pytest.approx(expected)

    @pytest.mark.parametrize(
        ('mode', 'expected'),
        [('confidence', [0.6, 0.8]), ('confidence*kpt_mean', [0.3, 0.4])],  # keypoint scores 0.25 and 0.75
    )
    def test_modes_with_confidences(self, mode, expected):
        """The confidence network's output, whatever the centers' heatmap values."""
        candidates, groups = two_centers_two_people()
        keypoint_scores = torch.tensor([0.25, 0.75]).expand(1, 4, 2)
        confidences = torch.tensor([[0.6, 0.8, 0.9, 0.1]])
        scores = score_instances(candidates, groups, keypoint_scores, 2, mode, confidences)
        assert scores[0, :2].tolist() == pytest.approx(expected)

    @pytest.mark.parametrize('mode', [mode for mode in INSTANCE_SCORES if mode.startswith('confidence')])
    def test_no_confidence_network(self, mode):
        """A mode that nobody can answer is refused with what to add."""
        with pytest.raises(ValueError, match='pose_nets.confidence'):
            score_instances(*two_centers_two_people(), torch.zeros(1, 4, 2), 2, mode)

    def test_unknown_mode(self):
        """An unknown mode is named."""
        with pytest.raises(ValueError, match="got 'best'"):
            score_instances(*two_centers_two_people(), torch.zeros(1, 4, 2), 2, 'best')


class TestPickPeople:
    """pick_instances."""

    def test_best_first(self):
        """Representatives come by falling score; the rest of the slots are not valid."""
        groups = Groups(torch.tensor([[0, 1, 2]]), torch.tensor([[True, False, True]]))
        keypoints = torch.arange(12.0).reshape(1, 3, 2, 2)
        instances = pick_instances(keypoints, torch.ones(1, 3, 2), torch.tensor([[0.2, 0.9, 0.5]]), groups, 30)
        assert instances.valid.tolist() == [[True, True, False]]
        assert instances.scores[0].tolist() == pytest.approx([0.5, 0.2, 0])
        assert instances.keypoints[0, 0].tolist() == keypoints[0, 2].tolist()

    def test_limit(self):
        """No more instances than the option says."""
        groups = Groups(torch.arange(5)[None], torch.ones(1, 5, dtype=torch.bool))
        instances = pick_instances(torch.zeros(1, 5, 2, 2), torch.ones(1, 5, 2), torch.rand(1, 5), groups, 2)
        assert instances.scores.shape == (1, 2)
