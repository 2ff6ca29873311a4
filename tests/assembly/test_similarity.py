"""OKS between predictions: laws and a value by hand."""

import math

import pytest
import torch

from dualcenter_mmpose.assembly.similarity import pairwise_oks, pose_areas

KAPPAS = torch.tensor([0.05, 0.1, 0.2])


def random_poses(num=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, num, 3, 2, generator=generator) * 60 + 300


def test_area_has_a_floor():
    """A pose in one point counts as 8 x 8 px."""
    assert pose_areas(torch.ones(1, 1, 3, 2)).item() == 64
    assert pose_areas(torch.tensor([[[[0.0, 0.0], [10.0, 20.0]]]])).item() == 200


def test_value_by_hand():
    """Boxes of 100 px^2 a side, one keypoint 2 px apart: exp(-4 / (2 (2 kappa)^2 100)) for it, 1 for the others."""
    pose = torch.tensor([[0.0, 0.0], [10.0, 10.0], [5.0, 5.0]])
    other = pose.clone()
    other[2, 0] += 2
    oks = pairwise_oks(torch.stack([pose, other])[None], KAPPAS)[0, 0, 1]
    assert oks.item() == pytest.approx((2 + math.exp(-4 / (2 * 0.4**2 * 100))) / 3)


def test_symmetric_and_one_for_equal_poses():
    """Similarity does not depend on the order, and a pose equals itself."""
    oks = pairwise_oks(random_poses(), KAPPAS)
    torch.testing.assert_close(oks, oks.transpose(1, 2))
    torch.testing.assert_close(oks.diagonal(dim1=1, dim2=2), torch.ones(2, 6))


@pytest.mark.parametrize('scale', [0.7, 3.0])
def test_unchanged_when_the_scene_is_scaled(scale):
    """Twice the picture, the same people."""
    poses = random_poses(seed=1)
    torch.testing.assert_close(pairwise_oks(poses, KAPPAS), pairwise_oks(poses * scale, KAPPAS))


def test_nobody():
    """No candidates, no pairs."""
    assert pairwise_oks(torch.zeros(2, 0, 3, 2), KAPPAS).shape == (2, 0, 0)
