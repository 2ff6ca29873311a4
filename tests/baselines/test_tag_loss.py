"""Associative embedding: numbers by hand, MMPose's loss, and gradients."""

from __future__ import annotations

import math

import pytest
import torch
from mmpose.models.losses import AssociativeEmbeddingLoss

from dualcenter_mmpose.baselines.resolution_targets import TagPlaces
from dualcenter_mmpose.baselines.tag_loss import tag_losses


def random_case(num_images=3, num_instances=4, num_keypoints=5, side=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tags = torch.randn(num_images, num_keypoints, side, side, generator=generator, dtype=torch.float64)
    shape = (num_images, num_instances, num_keypoints)
    valid = torch.rand(shape, generator=generator) > 0.4
    valid[0, 1] = False  # an instance of which nothing is labelled
    valid[1, 1:] = False  # one instance alone
    valid[2] = False  # nobody
    indices = torch.randint(0, side * side, shape, generator=generator)
    return tags, TagPlaces(torch.where(valid, indices, 0), valid)


class TestTagLosses:
    """Pull within instances, push between them."""

    def test_by_hand(self):
        """Instance 1 has tags 1 and 3 (mean 2, spread 1), instance 2 has 2.5: pull (1 + 0) / 2, push exp(-1/4) / 2."""
        tags = torch.tensor([[[[1.0, 2.5]], [[3.0, 9.0]]]])
        indices = torch.tensor([[[0, 0], [1, 0]]])
        valid = torch.tensor([[[True, True], [True, False]]])
        pull, push = tag_losses(tags, TagPlaces(indices, valid))
        assert pull.item() == pytest.approx(0.5)
        assert push.item() == pytest.approx(math.exp(-0.25) / 2)

    def test_zero_at_the_target(self):
        """Equal tags within an instance, far ones between instances: nothing to learn."""
        tags = torch.tensor([[[[5.0, -5.0]], [[5.0, -5.0]]]])
        places = TagPlaces(torch.tensor([[[0, 0], [1, 1]]]), torch.ones(1, 2, 2, dtype=torch.bool))
        pull, push = tag_losses(tags, places)
        assert pull == 0
        assert push == pytest.approx(0, abs=1e-12)

    @pytest.mark.parametrize('seed', range(3))
    def test_same_as_mmpose(self, seed):
        """MMPose sums over images and pairs every instance with itself: N / (N (N - 1)) / 2 more for N > 1."""
        tags, places = random_case(seed=seed)
        tags.requires_grad_()
        indices = torch.stack((places.indices, places.valid.long()), dim=-1)
        theirs = AssociativeEmbeddingLoss()(tags, indices)
        counts = places.valid.any(dim=2).sum(dim=1).tolist()
        extra = sum(0.5 / (count - 1) for count in counts if count > 1)
        ours = [3 * loss for loss in tag_losses(tags, places)]
        assert ours[0].item() == pytest.approx(theirs[0].item(), rel=1e-5)
        assert ours[1].item() + extra == pytest.approx(theirs[1].item(), rel=1e-5)
        gradients = [torch.autograd.grad(sum(losses), tags, retain_graph=True)[0] for losses in (ours, theirs)]
        assert torch.allclose(*gradients, rtol=1e-5, atol=1e-9)

    def test_gradients(self):
        """They agree with finite differences in float64."""
        tags, places = random_case()
        assert torch.autograd.gradcheck(lambda t: tag_losses(t, places), tags.requires_grad_())

    def test_order_of_persons(self):
        """Permuting the instances changes nothing."""
        tags, places = random_case()
        order = torch.tensor([2, 0, 3, 1])
        permuted = TagPlaces(places.indices[:, order], places.valid[:, order])
        assert torch.allclose(torch.stack(tag_losses(tags, places)), torch.stack(tag_losses(tags, permuted)))

    @pytest.mark.parametrize('num_instances', [0, 1])
    def test_nobody_to_push(self, num_instances):
        """Nobody, or one instance with one keypoint: zero, and a gradient that is zero, not missing."""
        tags = torch.randn(1, 2, 3, 3, requires_grad=True)
        valid = torch.zeros(1, num_instances, 2, dtype=torch.bool)
        valid[:, :, 0] = True
        pull, push = tag_losses(tags, TagPlaces(torch.zeros_like(valid, dtype=torch.long), valid))
        (pull + push).backward()
        assert pull == push == 0
        assert tags.grad.abs().sum() == 0
