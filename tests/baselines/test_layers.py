"""Layers: shapes, sizes, and what a scale map can see."""

from __future__ import annotations

import pytest
import torch

from dualcenter_mmpose.baselines.layers import DeconvStage, ScaleBranch


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


class TestDeconvStage:
    """Twice the resolution."""

    def test_shape(self):
        stage = DeconvStage(6 + 4, 8, num_blocks=2)
        assert stage(torch.zeros(2, 6, 5, 7), torch.zeros(2, 4, 5, 7)).shape == (2, 8, 10, 14)

    def test_paper_size(self):
        """Width 32, 17 keypoints: 66 x 32 x 16 + 64, and 4 blocks of 2 x (32 x 32 x 9 + 64)."""
        assert count(DeconvStage(32 + 34, 32, num_blocks=4)) == 66 * 32 * 16 + 64 + 4 * 2 * (32 * 32 * 9 + 64)


class TestScaleBranch:
    """1 x 1, BN, ReLU, depthwise 9 x 9."""

    def test_paper_size(self):
        """Width 32, 17 keypoints: 32 x 17, 2 x 17, and 17 x (81 + 1)."""
        assert count(ScaleBranch(32, 17)) == 32 * 17 + 34 + 17 * 82

    @pytest.mark.parametrize(('distance', 'is_seen'), [(4, True), (5, False)])
    def test_reach(self, distance, is_seen):
        """A scale map sees 4 cells far."""
        torch.manual_seed(0)
        branch = ScaleBranch(3, 2).eval()
        branch[0].weight.data.abs_()  # positive all the way: the ReLU lets everything through
        features = torch.rand(1, 3, 15, 15, requires_grad=True)
        branch(features)[0, 0, 7, 7].backward()
        assert features.grad[0, :, 7, 7 + distance].any() == is_seen

    def test_own_channel(self):
        """The large kernel mixes no keypoints."""
        torch.manual_seed(0)
        branch = ScaleBranch(3, 2).eval()
        hidden = torch.randn(1, 2, 9, 9, requires_grad=True)
        branch[3](hidden)[0, 0].sum().backward()
        assert hidden.grad[0, 0].any()
        assert not hidden.grad[0, 1].any()
