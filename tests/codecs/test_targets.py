"""Targets against the loop, their laws, and MMPose's SPR codec."""

import math

import numpy as np
import pytest
import torch
from mmpose.codecs import SPR

from dualcenter_mmpose.codecs.center_groups import PAPER_CENTERS, membership, resolve_center_groups
from dualcenter_mmpose.codecs.targets import (
    CenterHeatmapOptions,
    make_keypoint_targets,
    make_targets,
    pose_diagonals,
    scale_instances,
)
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout
from dualcenter_mmpose.types import GroundTruthInstances
from tests.helpers import COCO, KPT_CENTER, random_people
from tests.reference.targets import center_of, displacement_field, gaussian_heatmap

LAYOUT = load_keypoint_layout(COCO)
WIDTH, HEIGHT = 40, 32
EVERYBODY = (0.0, math.inf)


def make_instances(keypoints, labelled, mask=None):
    keypoints, labelled = torch.as_tensor(keypoints)[None], torch.as_tensor(labelled)[None]
    num = keypoints.shape[1]
    mask = torch.ones(HEIGHT, WIDTH, dtype=torch.bool) if mask is None else torch.as_tensor(mask)
    return GroundTruthInstances(keypoints, labelled, torch.ones(1, num), torch.zeros(1, num, 2), mask[None])


def targets_of(instances, centers=PAPER_CENTERS, person_range=EVERYBODY, **heat):
    groups = resolve_center_groups(centers, LAYOUT)
    keypoint_targets = make_keypoint_targets(instances, 2.0, 0.1)
    return make_targets(
        instances, groups, membership(groups, 17), keypoint_targets, CenterHeatmapOptions(**heat), person_range
    )


def scene(num_people, seed=0):
    rng = np.random.default_rng(seed)
    keypoints = random_people(num_people, 36, seed=seed)
    labelled = rng.random((num_people, 17)) < 0.6
    keypoints[~labelled] = np.nan
    return keypoints, labelled


class TestDiagonal:
    """pose_diagonals."""

    def test_three_four_five(self):
        """Labelled keypoints at (1, 1) and (4, 5) are 5 apart; an unlabelled one at the origin does not count."""
        keypoints = torch.tensor([[[[1.0, 1.0], [4.0, 5.0], [0.0, 0.0]]]])
        assert pose_diagonals(keypoints, torch.tensor([[[True, True, False]]])).item() == 5

    def test_one_or_no_keypoint(self):
        """One labelled keypoint, or none, has no extent."""
        keypoints = torch.full((1, 2, 3, 2), math.nan)
        keypoints[0, 0, 0] = 3.0
        labelled = torch.tensor([[[True, False, False], [False, False, False]]])
        assert pose_diagonals(keypoints, labelled).tolist() == [[0, 0]]


class TestMakeTargets:
    """make_targets, make_keypoint_targets."""

    @pytest.mark.parametrize('num_people', [0, 1, 5])
    def test_equals_loop(self, num_people):
        """Heatmaps and displacements of all channels equal the loop over instances, keypoints and cells."""
        keypoints, labelled = scene(num_people, seed=num_people)
        found = targets_of(make_instances(keypoints, labelled))
        for k in range(17):
            expected = gaussian_heatmap(keypoints[:, k], labelled[:, k], 2.0, WIDTH, HEIGHT)
            np.testing.assert_allclose(found.heatmaps[0, k], expected, atol=1e-6)
        for g, group in enumerate(resolve_center_groups(PAPER_CENTERS, LAYOUT)):
            centers = [center_of(p, v, group.parts) for p, v in zip(keypoints, labelled)]
            valid = [c is not None for c in centers]
            centers = [np.zeros(2) if c is None else c for c in centers]
            heatmap = gaussian_heatmap(centers, valid, group.sigma, WIDTH, HEIGHT)
            np.testing.assert_allclose(found.heatmaps[0, 17 + g], heatmap, atol=1e-6)
            field, weights = displacement_field(keypoints, labelled, centers, valid, 4.0, WIDTH, HEIGHT)
            np.testing.assert_allclose(found.displacements[0, 34 * g : 34 * g + 34], field, atol=1e-4)
            np.testing.assert_allclose(found.displacement_weights[0, 34 * g : 34 * g + 34], weights, atol=1e-6)

    def test_heatmap_weights(self):
        """Weight 1 under a Gaussian, the background weight elsewhere, 0 where masked."""
        mask = np.ones((HEIGHT, WIDTH), bool)
        mask[:, :5] = False
        found = targets_of(make_instances(*scene(3), mask))
        expected = np.where(found.heatmaps[0] > 0, 1.0, 0.1) * mask
        np.testing.assert_allclose(found.heatmap_weights[0], expected, atol=1e-7)

    def test_person_out_of_range_is_ignored(self):
        """Its center discs of 3 sigma get weight 0, no center Gaussian and no displacements; its keypoints stay."""
        keypoints = np.full((1, 17, 2), 16, np.float32)
        keypoints[0, 5] = 20  # diagonal 4 sqrt(2) = 5.66
        instances = make_instances(keypoints, np.ones((1, 17), bool))
        inside, outside = targets_of(instances), targets_of(instances, person_range=(6, 99))
        assert outside.heatmaps[0, 17:].abs().sum() == 0
        assert outside.displacement_weights.abs().sum() == 0
        assert outside.heatmap_weights[0, 18, 16, 16] == 0  # body, sigma 4
        assert outside.heatmap_weights[0, 18, 16, 16 + 12] == 0
        assert outside.heatmap_weights[0, 18, 16, 16 + 13] == pytest.approx(0.1)
        assert torch.equal(inside.heatmaps[:, :17], outside.heatmaps[:, :17])
        assert inside.heatmaps[0, 18].max() == 1

    @pytest.mark.parametrize(('diagonal', 'weight'), [(0.5, 1), (1.5, 1 / 1.5), (5, 1 / 5)])
    def test_weight_of_small_instances(self, diagonal, weight):
        """An instance weighs one over its diagonal, and never more than 1."""
        keypoints = np.full((1, 17, 2), 16, np.float32)
        keypoints[0, 9, 0] += diagonal
        found = targets_of(make_instances(keypoints, np.ones((1, 17), bool)))
        assert found.displacement_weights.max().item() == pytest.approx(weight)

    def test_box_centers_follow_their_instances(self):
        """A center by the rule ``bbox`` leads to its own instance's keypoints, the larger one's given first or last."""
        keypoints = np.full((2, 17, 2), 8, np.float32)
        keypoints[1] = 24
        keypoints[0, 9], keypoints[1, 9] = (20, 8), (28, 24)  # diagonals 12 and 4
        instances = make_instances(keypoints, np.ones((2, 17), bool))
        instances = instances._replace(box_centers=torch.tensor([[[14.0, 8.0], [26.0, 24.0]]]))
        found = targets_of(instances, [dict(name='box', rule='bbox')])
        assert found.displacements[0, :2, 8, 14].tolist() == [8 - 14, 0]
        assert found.displacements[0, :2, 24, 26].tolist() == [24 - 26, 0]

    def test_range_is_inclusive(self):
        """An instance exactly at an end of the range supervises."""
        keypoints = np.full((1, 17, 2), 10, np.float32)
        keypoints[0, 5] = (13, 14)  # diagonal 5
        instances = make_instances(keypoints, np.ones((1, 17), bool))
        for person_range in ((5, 9), (0, 5)):
            assert targets_of(instances, person_range=person_range).displacement_weights.sum() > 0

    def test_heat_of_a_neighbour_wins_over_ignoring(self):
        """Where an ignored instance's disc meets the Gaussian of a supervised one, the Gaussian is supervised."""
        keypoints = np.zeros((2, 17, 2), np.float32)
        keypoints[0], keypoints[1] = (14, 16), (17, 16)
        keypoints[1, 9] = (17, 30)
        found = targets_of(make_instances(keypoints, np.ones((2, 17), bool)), person_range=(3, 99))
        heat = found.heatmaps[0, 18]
        assert (found.heatmap_weights[0, 18][heat > 0] == 1).all()

    def test_adaptive_sigma(self):
        """An instance of the reference diagonal keeps the sigma; half of it halves it, four times meet the bound."""
        keypoints = np.full((3, 17, 2), 16, np.float32)
        keypoints[:, :, 0] = [[6], [20], [33]]
        for person, diagonal in enumerate((4, 8, 32)):
            keypoints[person, 9, 1] = 16 - diagonal  # a wrist: no part of a center
        instances = make_instances(keypoints, np.ones((3, 17), bool))
        heat = targets_of(instances, adaptive_reference=8.0, adaptive_range=(0.5, 1.5)).heatmaps[0, 17]  # head, sigma 2
        for x, sigma in ((6, 1), (20, 2), (33, 3)):
            assert heat[16, x] == 1
            assert heat[17, x] == pytest.approx(np.exp(-1 / (2 * sigma**2)), abs=1e-6)

    def test_pseudo_centers(self):
        """A pseudo center is a soft positive inside the mask; a labelled neighbour's Gaussian is not softened."""
        keypoints = np.full((1, 17, 2), 12, np.float32)
        keypoints[0, 9, 1] = 20
        mask = np.ones((HEIGHT, WIDTH), bool)
        mask[:, 14:30] = False
        pseudo = torch.zeros(1, 1, 2, 3)
        pseudo[0, 0, 0] = torch.tensor([20.0, 12.0, 1.0])
        plain = make_instances(keypoints, np.ones((1, 17), bool), mask)
        without, found = targets_of(plain), targets_of(plain._replace(pseudo_centers=pseudo), pseudo_weight=0.3)
        head, head_weights = found.heatmaps[0, 17], found.heatmap_weights[0, 17]
        assert head[12, 20] == 1
        assert head_weights[12, 20] == pytest.approx(0.3)
        assert head_weights[12, 28] == 0  # still masked beyond 3 sigma
        assert head_weights[12, 12] == 1
        is_labelled = (without.heatmaps[0, 17] > 0) & torch.as_tensor(mask)
        assert torch.equal(head_weights[is_labelled], without.heatmap_weights[0, 17][is_labelled])
        assert torch.equal(found.heatmaps[0, 18], without.heatmaps[0, 18])  # no place was given for the body
        assert torch.equal(found.displacement_weights, without.displacement_weights)

    def test_permuting_people_changes_nothing(self):
        """Targets do not depend on the order of the annotations."""
        keypoints, labelled = scene(5, seed=7)
        order = [3, 0, 4, 1, 2]
        for a, b in zip(
            targets_of(make_instances(keypoints, labelled)),
            targets_of(make_instances(keypoints[order], labelled[order])),
        ):
            assert torch.equal(a, b)

    def test_padding_changes_nothing(self):
        """Slots without labelled keypoints, as batching appends them, leave the targets alone."""
        keypoints, labelled = scene(3, seed=8)
        padded = np.concatenate([keypoints, np.zeros((4, 17, 2), np.float32)])
        padded_labels = np.concatenate([labelled, np.zeros((4, 17), bool)])
        for a, b in zip(
            targets_of(make_instances(keypoints, labelled)), targets_of(make_instances(padded, padded_labels))
        ):
            assert torch.equal(a, b)

    def test_arguments_are_not_changed(self):
        """Making targets leaves the instances as they were."""
        instances = make_instances(*scene(3, seed=9))
        copies = [value.clone() for value in instances[:5]]
        targets_of(instances)
        for value, copy in zip(instances, copies):
            torch.testing.assert_close(value, copy, equal_nan=True, rtol=0, atol=0)

    def test_agrees_with_spr(self):
        """With one keypoint-mean center, values equal those of MMPose's SPR wherever both supervise.

        SPR renders a square that is one cell short on two sides, we a disc; instances are apart, because in overlaps
        SPR mixes the keypoints of two instances when one of them lacks a label.
        """
        offsets = np.random.default_rng(1).uniform(-6, 6, (2, 17, 2))
        cells = np.array([[[9, 9]], [[30, 22]]]) + offsets
        input_px = (cells * 4).astype(np.float32)
        spr = SPR((160, 128), (WIDTH, HEIGHT), sigma=(4, 2), generate_keypoint_heatmaps=True)
        theirs = spr.encode(input_px, np.ones((2, 17), np.float32))
        ours = targets_of(make_instances(cells.astype(np.float32), np.ones((2, 17), bool)), KPT_CENTER)
        both = (theirs['displacement_weights'] > 0) & (ours.displacement_weights[0].numpy() > 0)
        assert both.sum() > 1000
        np.testing.assert_allclose(
            ours.displacements[0].numpy()[both], theirs['displacements'][both], rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(
            ours.displacement_weights[0].numpy()[both], theirs['displacement_weights'][both], rtol=1e-5
        )
        inside = theirs['heatmaps'].copy()
        np.testing.assert_allclose(ours.heatmaps[0, 17], inside[17], atol=1e-6)


class TestScaleInstances:
    """scale_instances."""

    def test_half_cell(self):
        """On twice as many cells, the middle of cell 3 lies between cells 6 and 7."""
        keypoints = np.full((1, 17, 2), 3, np.float32)
        scaled = scale_instances(make_instances(keypoints, np.ones((1, 17), bool)), 2, 'center')
        assert scaled.keypoints[0, 0, 0].tolist() == [6.5, 6.5]
        assert scaled.valid_mask.shape == (1, 2 * HEIGHT, 2 * WIDTH)
        assert scaled.areas.tolist() == [[4]]

    def test_there_and_back(self):
        """Doubling and halving restores everything."""
        mask = np.random.default_rng(2).random((HEIGHT, WIDTH)) < 0.5
        instances = make_instances(random_people(3, 30, seed=2), np.ones((3, 17), bool), mask)
        back = scale_instances(scale_instances(instances, 2, 'center'), 0.5, 'center')
        for a, b in zip(instances[:5], back):
            torch.testing.assert_close(a, b)
