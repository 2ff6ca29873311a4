"""Targets of two resolutions: where Gaussians and tags stand, what the mask leaves out."""

from __future__ import annotations

import pytest
import torch

from dualcenter_mmpose.baselines.resolution_targets import LabelledInstances, locate_tags, make_resolution_targets
from tests.reference.targets import gaussian_heatmap

WIDTH, HEIGHT = 12, 10
"""Of the coarse resolution, cells."""


def make_instances(points, labelled=None, mask=None):
    keypoints = torch.tensor(points, dtype=torch.float32)[None]
    labelled = torch.ones(keypoints.shape[:3], dtype=torch.bool) if labelled is None else torch.tensor([labelled])
    mask = torch.ones(1, 2 * HEIGHT, 2 * WIDTH, dtype=torch.bool) if mask is None else mask
    return LabelledInstances(keypoints, labelled, mask)


class TestMakeResolutionTargets:
    """Each resolution is what a loop over its cells gives."""

    def test_one_point_by_hand(self):
        """Coarse cell (3, 2) covers fine cells 6 to 7 and 4 to 5; its middle (6.5, 4.5) is nearest to (7, 5)."""
        coarse, fine = make_resolution_targets(make_instances([[[3.0, 2.0]]]), 2.0)
        assert coarse.heatmaps.shape == (1, 1, HEIGHT, WIDTH)
        assert fine.heatmaps.shape == (1, 1, 2 * HEIGHT, 2 * WIDTH)
        assert (coarse.heatmaps[0, 0] == 1).nonzero().tolist() == [[2, 3]]
        assert (fine.heatmaps[0, 0] == 1).nonzero().tolist() == [[5, 7]]

    def test_same_as_loop(self):
        """Random instances, some keypoints outside or unlabelled; the same sigma in cells of both resolutions."""
        generator = torch.Generator().manual_seed(0)
        points = (torch.rand(3, 4, 2, generator=generator) * 16 - 2).tolist()
        labelled = (torch.rand(3, 4, generator=generator) > 0.3).tolist()
        instances = make_instances(points, labelled)
        for target, factor in zip(make_resolution_targets(instances, 1.5), (1, 2)):
            for keypoint in range(4):
                places = (instances.keypoints[0, :, keypoint].double() + 0.5) * factor - 0.5
                expected = gaussian_heatmap(
                    places.numpy(), instances.labelled[0, :, keypoint], 1.5, WIDTH * factor, HEIGHT * factor
                )
                assert torch.allclose(target.heatmaps[0, keypoint].double(), torch.tensor(expected), atol=1e-6)

    def test_nobody(self):
        """No instance: empty maps, everything is background."""
        instances = LabelledInstances(
            torch.zeros(2, 0, 3, 2), torch.zeros(2, 0, 3).bool(), torch.ones(2, 2 * HEIGHT, 2 * WIDTH).bool()
        )
        for target in make_resolution_targets(instances, 2.0):
            assert target.heatmaps.sum() == 0
            assert target.valid_mask.all()

    @pytest.mark.parametrize(('num_masked', 'expected'), [(0, 1), (1, 1), (2, 1), (3, 0), (4, 0)])
    def test_coarse_mask(self, num_masked, expected):
        """A coarse cell is supervised where at least two of its four fine cells are; others do not change."""
        mask = torch.ones(1, 2 * HEIGHT, 2 * WIDTH, dtype=torch.bool)
        cells = [(4, 6), (4, 7), (5, 6), (5, 7)]
        for y, x in cells[:num_masked]:
            mask[0, y, x] = False
        coarse, fine = make_resolution_targets(make_instances([[[0.0, 0.0]]], mask=mask), 2.0)
        assert coarse.valid_mask[0, 0, 2, 3] == expected
        assert coarse.valid_mask.sum() == WIDTH * HEIGHT - (1 - expected)
        assert torch.equal(fine.valid_mask[0] > 0, mask)


class TestLocateTags:
    """Tags are read at the cell nearest to a keypoint."""

    def test_by_hand(self):
        """(3.4, 2.6) -> cell (3, 3) -> 3 * 12 + 3 = 39; outside and unlabelled keypoints have no place."""
        instances = make_instances([[[3.4, 2.6], [-0.6, 1.0], [5.0, 5.0]]], [[True, True, False]])
        places = locate_tags(instances)
        assert places.indices.tolist() == [[[39, 0, 0]]]
        assert places.valid.tolist() == [[[True, False, False]]]

    def test_peak_of_target(self):
        """The place is where the coarse heatmap is 1."""
        instances = make_instances([[[7.49, 3.5]]])
        coarse, _ = make_resolution_targets(instances, 2.0)
        assert coarse.heatmaps.flatten()[locate_tags(instances).indices.item()] == 1
