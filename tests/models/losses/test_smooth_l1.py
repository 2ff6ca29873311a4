"""The displacement loss: values by hand, laws, gradients, and MMPose's loss for one center."""

import pytest
import torch
from mmpose.models.losses import SoftWeightSmoothL1Loss

from dualcenter_mmpose.models.losses.smooth_l1 import PerCenterSmoothL1Loss, smooth_l1_per_center


def make_case(seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    output, target = (torch.randn(2, 8, 3, 4, generator=generator, dtype=dtype) for _ in range(2))
    weights = torch.rand(2, 8, 3, 4, generator=generator, dtype=dtype)
    return output, target, weights * (weights > 0.4)


def test_by_hand():
    """Center 0: errors 1 and 0.05 under weight 2; center 1: none supervised; mean over the two centers."""
    output, target, weights = torch.zeros(1, 4, 1, 1), torch.zeros(1, 4, 1, 1), torch.zeros(1, 4, 1, 1)
    output[0, :, 0, 0] = torch.tensor([1.0, 0.05, 7.0, 7.0])
    weights[0, :2] = 2
    beta = 0.1
    center_0 = (2 * (1 - beta / 2) + 2 * (0.05**2 / (2 * beta))) / 2
    loss = smooth_l1_per_center(output, target, weights, 2, beta)
    assert loss.item() == pytest.approx(center_0 / 2)


def test_one_center_equals_mmpose():
    """For one center it is SoftWeightSmoothL1Loss(supervise_empty=False)."""
    case = make_case()
    theirs = SoftWeightSmoothL1Loss(use_target_weight=True, supervise_empty=False, beta=1 / 9, loss_weight=0.002)
    torch.testing.assert_close(PerCenterSmoothL1Loss()(*case, num_centers=1), theirs(*case))


def test_zero_at_the_target():
    """No error, no loss."""
    output, _, weights = make_case()
    assert smooth_l1_per_center(output, output, weights, 2, 0.1) == 0


def test_nothing_supervised():
    """Without persons the loss is a finite 0 with zero gradients."""
    output, target, weights = make_case()
    output.requires_grad_()
    loss = smooth_l1_per_center(output, target, weights * 0, 2, 0.1)
    loss.backward()
    assert loss.item() == 0
    assert output.grad.abs().max() == 0


def test_gradients():
    """Analytic gradients equal finite differences; unsupervised entries get none."""
    output, target, weights = make_case(seed=1)
    output.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: smooth_l1_per_center(x, target, weights, 2, 1 / 9), output)
    smooth_l1_per_center(output, target, weights, 2, 1 / 9).backward()
    assert (output.grad[weights == 0] == 0).all()
    assert (output.grad[weights > 0] != 0).all()
