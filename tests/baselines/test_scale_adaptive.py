"""SWAHR's arithmetic: targets, weights, penalty, and gradients against finite differences."""

from __future__ import annotations

import math

import pytest
import torch

from dualcenter_mmpose.baselines import scale_adaptive
from dualcenter_mmpose.baselines.scale_adaptive import adapt_targets, adapt_weights, adaptive_heatmap_loss

GAMMA = 0.01


def random_case(seed=0, dtype=torch.float64):
    """Return predictions, scales, Gaussians with zeros, and a mask, away from where absolute values have a corner."""
    generator = torch.Generator().manual_seed(seed)
    shape = (2, 3, 4, 5)
    predicted = torch.rand(shape, generator=generator, dtype=dtype) * 0.8 + 0.1
    scales = torch.randn(shape, generator=generator, dtype=dtype) * 0.3
    heatmaps = torch.rand(shape, generator=generator, dtype=dtype)
    heatmaps = torch.where(heatmaps < 0.4, 0, heatmaps)
    mask = (torch.rand(2, 1, 4, 5, generator=generator) > 0.2).to(dtype)
    return predicted, scales, heatmaps, mask


class TestAdaptTargets:
    """A Gaussian of another width, to the second order."""

    def test_by_hand(self):
        """gt = 1/e has ln gt = -1: s = 0.5 gives (1 - 0.5 + 0.125) / e = 0.625 / e; peaks stay 1, nothing stays 0."""
        heatmaps = torch.tensor([math.exp(-1), 1.0, 0.0])
        assert adapt_targets(heatmaps, torch.tensor(0.5)).tolist() == pytest.approx([0.625 / math.e, 1.0, 0.0])

    def test_unchanged_without_scale(self):
        """s = 0 is "as annotated"."""
        _, scales, heatmaps, _ = random_case()
        assert torch.equal(adapt_targets(heatmaps, torch.zeros_like(scales)), heatmaps)

    def test_direction_and_accuracy(self):
        """Positive s narrows, negative widens; for small s the power gt^(1 + s) is met to the third order."""
        heatmaps = torch.linspace(0.011, 1, 50, dtype=torch.float64)  # 3 sigma is 0.0111
        for scale in (0.1, -0.1):
            adapted = adapt_targets(heatmaps, torch.tensor(scale, dtype=torch.float64))
            steps = (scale * heatmaps.log()).abs()
            assert ((adapted - heatmaps ** (1 + scale)).abs() <= heatmaps * steps**3 / 6 * steps.exp() + 1e-15).all()
            assert ((heatmaps[:-1] - adapted[:-1]) * scale > 0).all()


class TestAdaptWeights:
    """Cells that are right already count little."""

    @pytest.mark.parametrize(
        ('predicted', 'heatmap', 'expected'),
        [(0.0, 1.0, 1.0), (1.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 1.0), (-0.5, 0.0, 0.5), (1.5, 1.0, 0.5)],
    )
    def test_ends(self, predicted, heatmap, expected):
        """gt^gamma is 1 at a peak and 0 in the background."""
        assert adapt_weights(torch.tensor(predicted), torch.tensor(heatmap), GAMMA) == pytest.approx(expected)

    def test_under_a_gaussian(self):
        """At 3 sigma gt = exp(-4.5) and gt^0.01 = exp(-0.045): p = 0.2 weighs 0.8 * 0.956 + 0.2 * 0.044."""
        share = math.exp(-0.045)
        weight = adapt_weights(torch.tensor(0.2), torch.tensor(math.exp(-4.5)), GAMMA)
        assert weight.item() == pytest.approx(0.8 * share + 0.2 * (1 - share), abs=1e-6)


class TestAdaptiveHeatmapLoss:
    """Both parts, masked, as means over all cells."""

    def test_by_hand(self):
        """Peak predicted as 0.5 and background as 0.2, a third cell masked: (0.5 * 0.25 + 0.2 * 0.04) / 3."""
        predicted = torch.tensor([[[[0.5, 0.2, 9.0]]]])
        heatmaps = torch.tensor([[[[1.0, 0.0, 1.0]]]])
        scales = torch.tensor([[[[0.3, 7.0, 7.0]]]])
        mask = torch.tensor([[[[1.0, 1.0, 0.0]]]])
        loss = adaptive_heatmap_loss(predicted, scales, heatmaps, mask, GAMMA)
        assert loss.regression.item() == pytest.approx((0.5 * 0.25 + 0.2 * 0.04) / 3)
        assert loss.penalty.item() == pytest.approx(0.09 / 3)

    def test_zero_at_the_target(self):
        """Targets predicted exactly, scales 0."""
        _, scales, heatmaps, mask = random_case()
        loss = adaptive_heatmap_loss(heatmaps, torch.zeros_like(scales), heatmaps, mask, GAMMA)
        assert loss.regression == loss.penalty == 0

    @pytest.mark.parametrize('seed', range(3))
    def test_gradients(self, seed):
        """In float64 they agree with finite differences, for the prediction and through the scales."""
        predicted, scales, heatmaps, mask = random_case(seed)
        inputs = (predicted.requires_grad_(), scales.requires_grad_())
        assert torch.autograd.gradcheck(lambda p, s: adaptive_heatmap_loss(p, s, heatmaps, mask, GAMMA), inputs)
        regression, _ = adaptive_heatmap_loss(*inputs, heatmaps, mask, GAMMA)
        (through_scales,) = torch.autograd.grad(regression, scales)
        supervised = (heatmaps > 0) & (mask > 0)
        assert (through_scales[supervised] != 0).all()
        assert (through_scales[~supervised] == 0).all()

    def test_full_precision_under_autocast(self, monkeypatch):
        """Autocast is off inside, where a GPU would round powers, and changes nothing, not even the last bit."""
        states = []
        weigh = scale_adaptive.adapt_weights
        monkeypatch.setattr(
            scale_adaptive,
            'adapt_weights',
            lambda *args: states.append(torch.is_autocast_enabled('cpu')) or weigh(*args),
        )
        case = random_case(dtype=torch.float32)
        plain = adaptive_heatmap_loss(*case, GAMMA)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            mixed = adaptive_heatmap_loss(*case, GAMMA)
        assert mixed == plain
        assert states == [False, False]
        assert mixed.regression.dtype == torch.float32

    def test_finite_far_off(self):
        """Wild scales and predictions give large numbers, not infinite ones; no positives give no penalty."""
        predicted, scales, heatmaps, mask = random_case(dtype=torch.float32)
        loss = adaptive_heatmap_loss(predicted * 1e3, scales * 1e3, heatmaps, mask, GAMMA)
        assert all(torch.isfinite(part) for part in loss)
        assert adaptive_heatmap_loss(predicted, scales, torch.zeros_like(heatmaps), mask, GAMMA).penalty == 0
