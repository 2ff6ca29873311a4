"""``PoseConfidenceNet``: size, range, and that it learns an OKS."""

import pytest
import torch
from mmpose.registry import MODELS

from dualcenter_mmpose.models.losses.pose_losses import confidence_loss
from dualcenter_mmpose.models.pose_nets import PoseConfidenceNet


@pytest.mark.parametrize(('in_channels', 'expected'), [(480, 4_656_449), (720, 4_694_849)])
def test_parameters(in_channels, expected):
    """Plan A of the paper's totals, for HRNet-W32 and W48 with 17 keypoints."""
    net = MODELS.build(dict(type='PoseConfidenceNet', num_keypoints=17, in_channels=in_channels))
    assert sum(p.numel() for p in net.parameters()) == expected


@pytest.mark.parametrize('shape', [(1, 1), (2, 7), (2, 0)])
def test_range(shape):
    """One number in [0, 1] a pose, whatever the features."""
    torch.manual_seed(0)
    confidences = PoseConfidenceNet(3, 5, width=4, hidden=(8, 4))(1000 * torch.randn(*shape, 3, 8))
    assert confidences.shape == shape
    assert (confidences >= 0).all()
    assert (confidences <= 1).all()


def test_learns():
    """It tells poses on hot heatmaps from poses on cold ones within a few steps."""
    torch.manual_seed(0)
    net = PoseConfidenceNet(3, 5, width=4, hidden=(8,), dropout=0.0)
    features = torch.rand(2, 20, 3, 8)
    oks = features[..., 5:].mean(dim=(-1, -2))
    oks = (oks > oks.median()).float()
    known = torch.ones(2, 20, dtype=torch.bool)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    history = []
    for _ in range(60):
        loss = confidence_loss(net(features), oks, known)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert history[-1] < 0.2 * history[0]
