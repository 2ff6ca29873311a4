"""Blocks of the displacement branch."""

import pytest
import torch
from mmpose.models.heads.hybrid_heads.dekr_head import AdaptiveActivationBlock

from dualcenter_mmpose.models.layers.blocks import BLOCKS, AdaptiveBlock


def test_equals_dekr_block():
    """With DEKR's weights our block computes what DEKR's does, in training and test mode, statistics included."""
    torch.manual_seed(0)
    theirs = AdaptiveActivationBlock(12, 12, groups=4)
    torch.nn.init.normal_(theirs.transform_matrix_conv.weight, std=0.1)
    torch.nn.init.normal_(theirs.transform_matrix_conv.bias, std=0.3)
    ours = AdaptiveBlock(12, 4)
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k != 'regular_matrix'})
    features = torch.randn(2, 12, 9, 11)
    for mode in (True, False):
        torch.testing.assert_close(ours.train(mode)(features), theirs.train(mode)(features), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.norm.running_var, theirs.norm.running_var, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('kind', sorted(BLOCKS))
def test_shape_and_gradients(kind):
    """Every block keeps the shape and reaches all its weights."""
    block = BLOCKS[kind](6, 3)
    out = block(torch.randn(2, 6, 5, 4))
    assert out.shape == (2, 6, 5, 4)
    out.square().sum().backward()
    assert all(parameter.grad is not None for parameter in block.parameters())


@pytest.mark.parametrize('kind', sorted(BLOCKS))
def test_keypoints_stay_apart(kind):
    """A keypoint's filters see no other keypoint's."""
    torch.manual_seed(1)
    block = BLOCKS[kind](6, 3).eval()
    features = torch.randn(1, 6, 5, 5)
    changed = features.clone()
    changed[:, :2] += 1
    before, after = block(features), block(changed)
    assert not torch.equal(before[:, :2], after[:, :2])
    assert torch.equal(before[:, 2:], after[:, 2:])


def test_exports():
    """The adaptive block traces into a graph of standard operators for any batch size, with the same values."""
    block = AdaptiveBlock(6, 3).eval()
    torch.nn.init.normal_(block.transform_matrix_conv.weight, std=0.1)
    batch = torch.export.Dim('batch', min=1, max=64)
    program = torch.export.export(block, (torch.randn(2, 6, 8, 8),), dynamic_shapes=({0: batch},))
    called = {str(node.target) for node in program.graph.nodes if node.op == 'call_function'}
    assert all(name.startswith('aten.') or '_operator' in name or name.startswith('<built-in') for name in called)
    features = torch.randn(3, 6, 8, 8)
    torch.testing.assert_close(program.module()(features), block(features))
