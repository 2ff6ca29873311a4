"""The adaptive convolution against mmcv's and torchvision's deformable ones."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.ops import DeformConv2d

from dualcenter_mmpose.models.layers import adaptive_conv
from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d, groups_per_block, sample_taps, tap_offsets

GROUPS, CHANNELS, SIZE = 3, 2, 7


def make_inputs(seed=0, spread=0.5):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(2, GROUPS * CHANNELS, SIZE, SIZE + 2, generator=generator)
    matrices = spread * torch.randn(2, 6 * GROUPS, SIZE, SIZE + 2, generator=generator)
    return features, matrices


def deformable_offsets(matrices):
    """Return mmcv's offsets (group-major, tap, y before x) for our matrices, loop by loop."""
    taps = tap_offsets()
    num_images, _, height, width = matrices.shape
    offsets = torch.zeros(num_images, GROUPS * 18, height, width)
    for group in range(GROUPS):
        for tap in range(9):
            for axis in range(2):
                rows = [matrices[:, group * 6 + axis * 3 + column] * taps[column, tap] for column in range(3)]
                offsets[:, group * 18 + tap * 2 + axis] = sum(rows)
    return offsets


class TestSampleTaps:
    """sample_taps."""

    def test_zero_matrices_are_an_unfold(self):
        """Without bending, the taps are the 3x3 neighbourhood with zero padding."""
        features, matrices = make_inputs()
        taps = sample_taps(features, matrices * 0, tap_offsets())
        torch.testing.assert_close(
            taps.flatten(2), torch.nn.functional.unfold(features, 3, padding=1), atol=1e-5, rtol=1e-5
        )

    def test_translation(self):
        """A translation of one cell in y reads one row further down."""
        features, matrices = make_inputs()
        matrices = matrices * 0
        matrices[:, 2::6] = 1  # last column of the first row of every group
        center = sample_taps(features, matrices, tap_offsets())[:, 4::9]
        torch.testing.assert_close(center[:, :, :-1], features[:, :, 1:], atol=1e-5, rtol=1e-5)
        assert center[:, :, -1].abs().max() < 1e-5


class TestAdaptiveConv2d:
    """AdaptiveConv2d."""

    @pytest.mark.parametrize('spread', [0.1, 2.0])
    def test_equals_deformable_convolution(self, spread):
        """Values and all gradients equal mmcv's operator with the same weights, taps outside the map included."""
        ours = AdaptiveConv2d(GROUPS * CHANNELS, GROUPS * CHANNELS, GROUPS)
        theirs = DeformConv2d(
            GROUPS * CHANNELS, GROUPS * CHANNELS, 3, padding=1, groups=GROUPS, deform_groups=GROUPS, bias=False
        )
        theirs.weight.data.copy_(ours.weight.data)
        features, matrices = (value.requires_grad_() for value in make_inputs(spread=spread))
        twins = [value.detach().clone().requires_grad_() for value in (features, matrices)]
        out, reference = ours(features, matrices), theirs(twins[0], deformable_offsets(twins[1]))
        torch.testing.assert_close(out, reference, atol=1e-4, rtol=1e-4)
        upstream = torch.randn(out.shape, generator=torch.Generator().manual_seed(5))
        out.backward(upstream)
        reference.backward(upstream)
        for ours_grad, theirs_grad in (
            (features.grad, twins[0].grad),
            (matrices.grad, twins[1].grad),
            (ours.weight.grad, theirs.weight.grad),
        ):
            torch.testing.assert_close(ours_grad, theirs_grad, atol=1e-3, rtol=1e-3)

    def test_autocast(self):
        """Under reduced precision it runs, and positions keep full precision."""
        layer = AdaptiveConv2d(GROUPS * CHANNELS, GROUPS * CHANNELS, GROUPS)
        features, matrices = make_inputs()
        with torch.autocast('cpu', dtype=torch.bfloat16):
            low = layer(features.bfloat16(), matrices.bfloat16())
        low.float().sum().backward()
        assert torch.isfinite(layer.weight.grad).all()
        torch.testing.assert_close(low.float(), layer(features, matrices), atol=0.1, rtol=0.1)

    def test_torchvision_operator_is_the_same_layer(self):
        """Both operators share the weights, and agree in values and gradients."""
        ours = AdaptiveConv2d(GROUPS * CHANNELS, GROUPS * CHANNELS, GROUPS)
        theirs = AdaptiveConv2d(GROUPS * CHANNELS, GROUPS * CHANNELS, GROUPS, operator='deform_conv2d')
        theirs.load_state_dict(ours.state_dict())
        results = []
        for layer in (ours, theirs):
            features, matrices = (value.requires_grad_() for value in make_inputs(spread=1.0))
            out = layer(features, matrices)
            out.square().sum().backward()
            results.append((out, features.grad, matrices.grad, layer.weight.grad))
        for one, other in zip(*results):
            torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)

    def test_unknown_operator(self):
        with pytest.raises(ValueError, match="operator must be one of .*'grid_sample'.*got 'deformable'"):
            AdaptiveConv2d(6, 6, 3, operator='deformable')

    # Of two images a group's taps take 2 * CHANNELS * 9 * SIZE * (SIZE + 2) * 4 bytes.
    @pytest.mark.parametrize('block_bytes', [1, 4 * CHANNELS * 9 * SIZE * (SIZE + 2) * 4, 1 << 30])
    def test_blocks_do_not_change_the_numbers(self, monkeypatch, block_bytes):
        """One group at a time, two, or all: the same values and gradients."""
        layer = AdaptiveConv2d(GROUPS * CHANNELS, GROUPS * CHANNELS, GROUPS)
        features, matrices = (value.requires_grad_() for value in make_inputs())
        whole = F.conv2d(
            sample_taps(features, matrices, layer.taps), layer.weight.flatten(1)[..., None, None], groups=GROUPS
        )
        expected = torch.autograd.grad(whole.square().sum(), (features, matrices, layer.weight))
        monkeypatch.setitem(adaptive_conv.BLOCK_BYTES, 'cpu', block_bytes)
        monkeypatch.setattr(adaptive_conv, 'MIN_GROUPS', 1)
        out = layer(features, matrices)
        torch.testing.assert_close(out, whole, atol=1e-5, rtol=1e-5)
        found = torch.autograd.grad(out.square().sum(), (features, matrices, layer.weight))
        for one, other in zip(found, expected):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


class TestGroupsPerBlock:
    """groups_per_block."""

    # 17 groups of 15 channels and 9 taps on 128 x 128 cells: 8,847,360 bytes a group; three fit into 32 MiB.
    @pytest.mark.parametrize(
        ('num_groups', 'group_bytes', 'device', 'expected'),
        [
            (17, 8_847_360, 'cpu', 3),
            (17, 1, 'cpu', 17),
            (17, 1 << 40, 'cpu', 3),  # never fewer
            (2, 1 << 40, 'cpu', 2),
            (17, 8_847_360, 'cuda', 17),
            (8, 7 << 20, 'cpu', 4),
            (5, 8 << 20, 'cpu', 3),  # four would fit, but 3 + 2 are more alike than 4 + 1
        ],
    )
    def test_values(self, num_groups, group_bytes, device, expected):
        """As many as fit, but at least three, in blocks of about the same size."""
        assert groups_per_block(num_groups, group_bytes, device) == expected
