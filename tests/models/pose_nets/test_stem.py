"""The projection that all keypoints share, and the dense layers behind it."""

import pytest
import torch
from torch import nn

from dualcenter_mmpose.models.pose_nets.stem import PoseStem, dense_layers


class TestPoseStem:
    """PoseStem."""

    def test_parameters(self):
        """(C + K) d + d: 480 + 17 inputs of HRNet-W32 make 79,680 parameters at d = 160."""
        stem = PoseStem(17, 480, 160)
        assert sum(p.numel() for p in stem.parameters()) == 79_680
        assert stem.out_features == 2720

    def test_keypoints_share_the_weights(self):
        """Swapped keypoints are swapped blocks of the output, and nothing else."""
        torch.manual_seed(0)
        stem, features = PoseStem(3, 5, 4), torch.randn(2, 7, 3, 8)
        found = stem(features).unflatten(-1, (3, 4))
        swapped = stem(features[:, :, [2, 1, 0]]).unflatten(-1, (3, 4))
        torch.testing.assert_close(swapped, found[:, :, [2, 1, 0]])
        assert found.std() > 0

    @pytest.mark.parametrize('shape', [(), (1,), (0,), (2, 3)])
    def test_any_leading_axes(self, shape):
        """One pose, or batches of them."""
        assert PoseStem(3, 5, 4)(torch.zeros(*shape, 3, 8)).shape == (*shape, 12)


class TestDenseLayers:
    """dense_layers."""

    def test_layout(self):
        """LayerNorm, GELU and dropout follow every layer but the last."""
        layers = dense_layers((6, 5, 4, 1), 0.1)
        kinds = [type(layer) for layer in layers]
        assert kinds == [nn.Linear, nn.LayerNorm, nn.GELU, nn.Dropout] * 2 + [nn.Linear]
        assert [(m.in_features, m.out_features) for m in layers if isinstance(m, nn.Linear)] == [(6, 5), (5, 4), (4, 1)]
        assert {m.p for m in layers if isinstance(m, nn.Dropout)} == {0.1}

    def test_single(self):
        """Without hidden layers, one linear layer."""
        assert [type(layer) for layer in dense_layers((6, 2))] == [nn.Linear]
