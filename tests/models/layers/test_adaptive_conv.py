"""The adaptive convolution against mmcv's and torchvision's deformable ones."""

import pytest
import torch
from mmcv.ops import DeformConv2d

from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d, sample_taps, tap_offsets

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
