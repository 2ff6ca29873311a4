"""Counting: one multiply-add per output and weight that reaches it."""

from __future__ import annotations

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from dualcenter_mmpose.experiments.profiling.counting import WEIGHTED, Part, count_complexity, part_of
from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d
from tests.helpers import build_model, tiny_dekr, tiny_model, with_pose_nets


class TestLayers:
    """Numbers by hand: outputs times the weights that each of them reads."""

    @pytest.mark.parametrize(
        ('layer', 'shapes', 'expected'),
        [
            (nn.Conv2d(4, 6, 3, padding=1), [(1, 4, 5, 7)], 5 * 7 * 6 * 4 * 9),
            (nn.Conv2d(4, 6, 3, stride=2, padding=1), [(2, 4, 8, 8)], 2 * 16 * 6 * 4 * 9),
            (nn.Conv2d(4, 6, 1, groups=2), [(1, 4, 5, 7)], 35 * 6 * 2),
            # Every input cell spreads 3 channels x 4 taps.
            (nn.ConvTranspose2d(2, 3, 2, stride=2), [(1, 2, 5, 5)], 25 * 2 * 3 * 4),
            (nn.Linear(10, 3), [(2, 7, 10)], 2 * 7 * 3 * 10),
            # As the 3x3 convolution that it bends: 16 cells x 6 channels x (4 / 2 groups) x 9 taps.
            (AdaptiveConv2d(4, 6, groups=2), [(1, 4, 4, 4), (1, 12, 4, 4)], 16 * 6 * 2 * 9),
        ],
        ids=['convolution', 'stride', 'groups', 'transposed', 'linear', 'adaptive'],
    )
    def test_by_hand(self, layer, shapes, expected):
        """Half of what torch counts in the operators that multiply by weights."""
        with FlopCounterMode(display=False) as counter:
            layer(*map(torch.zeros, shapes))
        counts = counter.get_flop_counts()['Global']
        assert sum(counts.get(operator, 0) for operator in WEIGHTED) == 2 * expected


class TestPartOf:
    """Names lead to parts."""

    @pytest.mark.parametrize(
        ('name', 'part'),
        [
            ('backbone.stage2.0.conv1.weight', 'backbone'),
            ('head.heatmap_branch.0.weight', 'dense head'),
            ('head.pose_nets.nets.refinement.stem.weight', 'refinement network'),
            ('head.rescore_net.l1.weight', 'rescoring network'),
            ('auxiliary_heads.scale_2x.heatmap_branch.0.weight', 'auxiliary heads'),
        ],
    )
    def test_names(self, name, part):
        assert part_of(name) == part


class TestCountComplexity:
    """The model runs on shapes alone; what is counted is what the test computes."""

    @pytest.fixture(autouse=True)
    def _find_parts_of_mmpose(self):
        init_default_scope('mmpose')

    @pytest.mark.parametrize('config', [tiny_model(), with_pose_nets(tiny_model())], ids=['dense', 'networks'])
    def test_agrees_with_torch(self, config):
        """The dense part of the count is half of what torch counts in a real forward pass; parameters are all."""
        counted = count_complexity(config, (64, 96))
        model = build_model(config).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model.head(model.extract_feat(torch.zeros(1, 3, 96, 64)))
        operations = counter.get_flop_counts()['Global'][torch.ops.aten.convolution]
        dense = [part for part in counted.parts if part.name in ('backbone', 'dense head')]
        assert 2 * sum(part.multiply_adds for part in dense) == operations
        assert counted.total.parameters == sum(parameter.numel() for parameter in model.parameters())

    def test_pose_networks(self):
        """Per candidate: a stem for 17 keypoints, then layers; 60 of them, 2 centers with 30 peaks each.

        The stem reads 60 channels of the backbone and 17 heatmaps into 3 values; 17 x 3 = 51 go on to 8, and from
        there to an embedding of 5, a score, or 34 coordinates, for which the refinement also reads the pose.
        """
        parts = {part.name: part for part in count_complexity(with_pose_nets(tiny_model()), (64, 64)).parts}
        stem = 17 * (60 + 17) * 3
        assert parts['similarity network'].multiply_adds == 60 * (stem + 51 * 8 + 8 * 5)
        assert parts['confidence network'].multiply_adds == 60 * (stem + 51 * 8 + 8 * 1)
        assert parts['refinement network'].multiply_adds == 60 * (stem + (51 + 34) * 8 + 8 * 34)

    def test_dekr(self):
        """MMPose's own DEKR, whose compiled operator cannot run on shapes, counts as its convolution."""
        counted = count_complexity(tiny_dekr(), (64, 64))
        assert [part.name for part in counted.parts] == ['backbone', 'dense head']

    def test_training_parts_stay_outside(self):
        """Heads of other levels are listed beside the total, which is that of the model without them."""
        plain, wrapped = (
            count_complexity(tiny_model(**options), (64, 64))
            for options in ({}, dict(type='MultiScaleTrainingWrapper'))
        )
        assert wrapped.total == plain.total
        (outside,) = wrapped.outside
        assert outside == Part('auxiliary heads', 2 * plain.parts[1].parameters, 0)

    def test_products_without_weights(self):
        """Cosines of embeddings stand beside the layers; the dense network has products with weights alone."""
        dense, with_nets = (
            count_complexity(config, (64, 64)) for config in (tiny_model(), with_pose_nets(tiny_model()))
        )
        assert dense.layer_operations == 2 * dense.total.multiply_adds
        assert with_nets.layer_operations == 2 * with_nets.total.multiply_adds
        assert with_nets.other_operations > dense.other_operations >= 0

    @pytest.mark.parametrize('size', [(0, 64), (64, 48)])
    def test_size(self, size):
        """Sides that are no multiples of 32 leave maps that do not fit each other."""
        with pytest.raises(ValueError, match=f'multiples of 32 px, got {size[0]}x{size[1]}'):
            count_complexity(tiny_model(), size)
