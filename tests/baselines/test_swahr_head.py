"""The SWAHR head: its losses are the pure ones, and the scales learn."""

from __future__ import annotations

import pytest
import torch

from dualcenter_mmpose.baselines.higherhrnet_head import EmbeddingMaps
from dualcenter_mmpose.baselines.resolution_targets import make_resolution_targets
from dualcenter_mmpose.baselines.scale_adaptive import adaptive_heatmap_loss
from tests.baselines.baseline_models import build_baseline, samples_for
from tests.helpers import random_people

SIZE = 64


@pytest.fixture
def case():
    """A head, targets of a batch, and random maps of their shape."""
    model = build_baseline('SWAHRHead', penalty_weight=3.0)
    instances = model.head.decoder.unpack(samples_for(model, [random_people(n, SIZE, seed=n) for n in (2, 1)]))
    targets = make_resolution_targets(instances, 2.0)
    generator = torch.Generator().manual_seed(0)
    coarse, fine, *scales = (
        torch.randn(target.heatmaps.shape, generator=generator).requires_grad_() for target in (*targets, *targets)
    )
    return model.head, targets, EmbeddingMaps(coarse, fine, coarse, tuple(scales))


class TestHeatmapLosses:
    """Four losses, two per resolution."""

    def test_parts(self, case):
        """The regression as it is, the penalty times its weight."""
        head, targets, maps = case
        losses = head.heatmap_losses(maps, targets)
        for name, predicted, scales, target in zip(('coarse', 'fine'), maps, maps.scales, targets):
            expected = adaptive_heatmap_loss(predicted, scales, target.heatmaps, target.valid_mask, 0.01)
            assert losses[f'loss/heatmap_{name}'] == expected.regression
            assert losses[f'loss/scale_{name}'] == 3 * expected.penalty
        assert len(losses) == 4

    def test_scales_learn_at_their_resolution(self, case):
        """Each resolution's scales learn from that resolution alone."""
        head, targets, maps = case
        head.heatmap_losses(maps, targets)['loss/heatmap_fine'].backward()
        assert maps.scales[0].grad is None
        assert (maps.scales[1].grad != 0).sum() == (targets[1].heatmaps.bool() & (targets[1].heatmaps < 1)).sum()


class TestStart:
    """Before training."""

    def test_scales_near_zero(self):
        """Initial scales are near 0, "as annotated": the targets start as HigherHRNet's."""
        model = build_baseline('SWAHRHead')
        model.init_weights()
        maps = model.head(model.extract_feat(torch.randn(1, 3, SIZE, SIZE)))
        assert max(scales.abs().max() for scales in maps.scales) < 0.1
