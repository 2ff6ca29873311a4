"""``PoseRefinementNet``: size, the identity at first, bounds, and laws of place and size."""

import pytest
import torch
from mmpose.registry import MODELS

from dualcenter_mmpose.models.pose_nets import PoseRefinementNet


def make_net(trained=False, **options):
    """Return a small network; ``trained`` gives its last layer weights that do something."""
    torch.manual_seed(0)
    net = PoseRefinementNet(3, 5, **{'width': 4, 'hidden': (8,), 'dropout': 0.0, **options})
    if trained:
        torch.nn.init.normal_(net.layers[-1].weight, std=0.05)
    return net


def random_case(num=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, num, 3, 8, generator=generator), 30 * torch.rand(2, num, 3, 2, generator=generator)


@pytest.mark.parametrize(('in_channels', 'expected'), [(480, 5_925_218), (720, 5_963_618)])
def test_parameters(in_channels, expected):
    """Plan A of the paper's totals, for HRNet-W32 and W48 with 17 keypoints."""
    net = MODELS.build(dict(type='PoseRefinementNet', num_keypoints=17, in_channels=in_channels))
    assert sum(p.numel() for p in net.parameters()) == expected


@pytest.mark.parametrize('num', [0, 1, 4])
def test_untrained_is_the_identity(num):
    """Poses come out bit for bit as they went in."""
    features, poses = random_case(num)
    assert torch.equal(make_net()(features, poses), poses)


def test_trained_is_not():
    """With weights, poses move: the law above says something."""
    features, poses = random_case()
    assert (make_net(trained=True)(features, poses) - poses).abs().amax(dim=(-1, -2)).min() > 1e-3


@pytest.mark.parametrize('bias', [1000.0, -1000.0])
def test_bounded(bias):
    """No coordinate moves by more than a quarter of the diagonal."""
    net = make_net()
    torch.nn.init.constant_(net.layers[-1].bias, bias)
    features, poses = random_case()
    diagonals = (poses.amax(dim=-2) - poses.amin(dim=-2)).norm(dim=-1)[..., None, None]
    moved = net(features, poses) - poses
    torch.testing.assert_close(moved, (0.25 * diagonals * (1 if bias > 0 else -1)).expand_as(moved))


def test_residuals_are_not_bounded():
    """What the loss sees is not cut off, so that a wild residual is still pulled back."""
    net = make_net()
    torch.nn.init.constant_(net.layers[-1].bias, 3.0)
    residuals, _ = net.residuals(*random_case())
    assert (residuals == 3).all()


def test_place_and_size_do_not_matter():
    """The same features on a pose elsewhere, three times as large: three times the correction."""
    net = make_net(trained=True).eval()
    features, poses = random_case()
    moved = net(features, poses) - poses
    other = poses * 3 + torch.tensor([40.0, 7.0])
    torch.testing.assert_close(net(features, other) - other, 3 * moved, atol=1e-4, rtol=1e-4)


def test_first_step_moves_it():
    """Starting from zero does not mean staying there: the last layer has a gradient, and after a step all have."""
    net = make_net()
    features, poses = random_case()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (net.residuals(features, poses)[0] - 0.1).square().mean().backward()
        optimizer.step()
    assert all((p.grad != 0).any() for p in net.parameters())
