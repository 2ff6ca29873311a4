"""The head's branches."""

import pytest
import torch

from dualcenter_mmpose.models.layers.branches import DisplacementBranch, HeatmapBranch


def make_branch(separate_blocks=0, num_centers=2, blocks=('plain', 'plain')):
    return DisplacementBranch(8, 3, num_centers, 4, blocks, separate_blocks)


class TestDisplacementBranch:
    """DisplacementBranch."""

    @pytest.mark.parametrize('separate_blocks', [0, 1, 2])
    @pytest.mark.parametrize('num_centers', [1, 2, 3])
    def test_shape(self, separate_blocks, num_centers):
        """One field of K vectors per center, all weights in use."""
        branch = make_branch(separate_blocks, num_centers)
        out = branch(torch.randn(2, 8, 5, 6))
        assert out.shape == (2, num_centers * 6, 5, 6)
        out.square().sum().backward()
        assert all(parameter.grad is not None for parameter in branch.parameters())

    def test_layout(self):
        """Output channels are center-major: the bias of keypoint 1, center 1, x is found at 6 + 2."""
        branch = make_branch().eval()
        final = branch.finals[0]
        torch.nn.init.zeros_(final.weight)
        torch.nn.init.zeros_(final.bias)
        # The grouped convolution has 4 outputs per keypoint: center 0 (x, y), center 1 (x, y).
        final.bias.data[4 * 1 + 2] = 5.0
        out = branch(torch.randn(1, 8, 2, 2))
        assert out[0, 8].eq(5).all()
        assert out.sum() == 5 * 4

    def test_sharing(self):
        """Only the last layer is doubled by default: K * (F + 1) * 2 weights more per center."""
        count = lambda branch: sum(p.numel() for p in branch.parameters())  # noqa: E731
        assert count(make_branch(num_centers=2)) - count(make_branch(num_centers=1)) == 3 * 5 * 2

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(blocks=('adaptive', 'magic')), r"\['magic'\]"),
            (dict(separate_blocks=3), 'separate_blocks must be 0 to 2, got 3'),
        ],
    )
    def test_bad_options(self, options, message):
        """Unknown blocks and impossible numbers are refused."""
        with pytest.raises(ValueError, match=message):
            make_branch(**options)


def test_heatmap_branch():
    """K + G maps of the input's size."""
    assert HeatmapBranch(8, 5, 6)(torch.randn(2, 8, 4, 4)).shape == (2, 5, 4, 4)
