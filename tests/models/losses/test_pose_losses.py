"""Losses of the pose-level networks: values by hand, gradients, and what must not count."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.autograd import gradcheck

from dualcenter_mmpose.models.losses.pose_losses import confidence_loss, refinement_loss, similarity_loss
from tests.helpers import RefuseToWait

COUNTS = [0, 1, 2, 5]


def embeddings_at(*degrees):
    """Return (1, M, 2) unit vectors at the given angles."""
    angles = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    return torch.stack((angles.cos(), angles.sin()), dim=-1)[None]


def in_a_row(*places):
    """Return (1, M, 2) positions on the x axis."""
    return torch.tensor([[(x, 0.0) for x in places]])


def similarity_loss_slowly(embeddings, identities, positions, num_near):
    """Return the loss pair by pair, as one would explain it."""
    positives, negatives = [], []
    for vectors, persons, places in zip(embeddings, identities.tolist(), positions):
        taking_part = [i for i, person in enumerate(persons) if person >= 0]
        near = {}
        for i in taking_part:
            strangers = [j for j in taking_part if persons[j] != persons[i]]
            near[i] = sorted(strangers, key=lambda j: (places[i] - places[j]).norm().item())[:num_near]
        for i in taking_part:
            for j in taking_part:
                cosine = (vectors[i] @ vectors[j]).item()
                if i < j and persons[i] == persons[j]:
                    positives.append(1 - cosine)
                elif i < j and (j in near[i] or i in near[j]):
                    negatives.append(max(0.0, cosine))
    return sum(positives) / len(positives) + sum(negatives) / len(negatives)


class TestSimilarityLoss:
    """similarity_loss."""

    def test_by_hand(self):
        """Two poses of one person at 60 degrees, one of another at 90: 1 - 0.5, and (0 + cos 30) / 2."""
        loss = similarity_loss(embeddings_at(0, 60, 90), torch.tensor([[0, 0, 1]]), in_a_row(0, 1, 2))
        assert loss.item() == pytest.approx(0.5 + 3**0.5 / 4)

    def test_each_kind_has_its_own_mean(self):
        """Many easy negatives do not drown one positive: 1 - cos 60 stays, whatever stands beside it."""
        loss = similarity_loss(
            embeddings_at(0, 60, 180, 185, 190), torch.tensor([[0, 0, 1, 2, 3]]), in_a_row(*range(5))
        )
        negatives = torch.cos(torch.deg2rad(torch.tensor([5.0, 10, 5]))).sum() / 9
        assert loss.item() == pytest.approx(0.5 + negatives.item())

    def test_best(self):
        """Equal within a person and at right angles or wider between persons: nothing left to learn."""
        loss = similarity_loss(embeddings_at(0, 0, 120, 240), torch.tensor([[0, 0, 1, 2]]), in_a_row(0, 1, 2, 3))
        assert loss.item() == pytest.approx(0)

    def test_only_near_strangers(self):
        """With one neighbour each, 0-1 and 10-11 make negative pairs; the equal embeddings 0 and 10 do not meet."""
        embeddings, strangers = embeddings_at(0, 60, 0, 60), torch.tensor([[0, 1, 2, 3]])
        near = similarity_loss(embeddings, strangers, in_a_row(0, 1, 10, 11), num_near=1)
        assert near.item() == pytest.approx(0.5)
        every = similarity_loss(embeddings, strangers, in_a_row(0, 1, 10, 11))
        assert every.item() == pytest.approx((4 * 0.5 + 2 * 1) / 6)

    @pytest.mark.parametrize('num_near', [1, 3, 8])
    def test_equals_loop(self, num_near):
        """Batched masks give what the loops give."""
        generator = torch.Generator().manual_seed(num_near)
        embeddings = F.normalize(torch.randn(2, 24, 4, generator=generator), dim=-1)
        identities = torch.randint(-1, 6, (2, 24), generator=generator)
        positions = 100 * torch.rand(2, 24, 2, generator=generator)
        found = similarity_loss(embeddings, identities, positions, num_near)
        assert found.item() == pytest.approx(similarity_loss_slowly(embeddings, identities, positions, num_near))

    def test_eight_near_strangers_by_default(self):
        """The setting that the method names."""
        generator = torch.Generator().manual_seed(0)
        embeddings, positions = F.normalize(torch.rand(1, 40, 4, generator=generator), dim=-1), torch.rand(1, 40, 2)
        arguments = embeddings, torch.arange(40)[None], positions
        assert similarity_loss(*arguments) == similarity_loss(*arguments, 8) != similarity_loss(*arguments, 7)

    def test_poses_of_one_person_do_not_take_the_places_of_strangers(self):
        """The nearest are counted among strangers: a crowd of one's own poses hides nobody."""
        identities, positions = torch.tensor([[0, 0, 0, 1]]), in_a_row(0, 0.1, 0.2, 5)
        loss = similarity_loss(embeddings_at(0, 0, 0, 0), identities, positions, num_near=1)
        assert loss.item() == pytest.approx(1)

    def test_nobody_s_poses_take_no_part(self):
        """A candidate like nobody, in the midst of the others, changes neither value nor gradient."""
        embeddings = embeddings_at(0, 60, 90, 10).requires_grad_()
        with_nobody = similarity_loss(embeddings, torch.tensor([[0, 0, 1, -1]]), in_a_row(0, 1, 2, 0.5), num_near=1)
        without = similarity_loss(embeddings[:, :3], torch.tensor([[0, 0, 1]]), in_a_row(0, 1, 2), num_near=1)
        assert with_nobody.item() == pytest.approx(without.item())
        with_nobody.backward()
        assert (embeddings.grad[0, 3] == 0).all()
        assert (embeddings.grad[0, :3] != 0).any(dim=-1).all()

    def test_images_do_not_meet(self):
        """Index 0 of one image is another person than index 0 of the next: there are no pairs between images."""
        embeddings = torch.cat((embeddings_at(0, 60), embeddings_at(90, 180)))
        loss = similarity_loss(embeddings, torch.tensor([[0, 0], [0, 0]]), torch.zeros(2, 2, 2))
        assert loss.item() == pytest.approx((0.5 + 1) / 2)

    def test_negative_cosines_are_good_enough(self):
        """Nobody is pushed beyond a right angle: no gradient there."""
        embeddings = embeddings_at(0, 120).requires_grad_()
        similarity_loss(embeddings, torch.tensor([[0, 1]]), in_a_row(0, 1)).backward()
        assert (embeddings.grad == 0).all()

    @pytest.mark.parametrize('num', COUNTS)
    @pytest.mark.parametrize('identity', [-1, 0])
    def test_few(self, num, identity):
        """No candidate, one, or none that is a person: finite, and with a gradient for whatever there is."""
        embeddings = F.normalize(torch.randn(2, num, 4, generator=torch.Generator().manual_seed(0)), dim=-1)
        embeddings.requires_grad_()
        loss = similarity_loss(embeddings, torch.full((2, num), identity), torch.zeros(2, num, 2))
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(embeddings.grad).all()

    def test_gradient(self):
        """The gradient is the loss's."""
        generator = torch.Generator().manual_seed(1)
        embeddings = torch.randn(2, 6, 4, generator=generator, dtype=torch.float64).requires_grad_()
        positions = torch.rand(2, 6, 2, generator=generator)
        identities = torch.tensor([[0, 0, 1, 2, -1, 1], [-1, 3, 3, 0, 1, 1]])
        assert gradcheck(lambda e: similarity_loss(F.normalize(e, dim=-1), identities, positions, 2), (embeddings,))


class TestConfidenceLoss:
    """confidence_loss."""

    def test_by_hand(self):
        """Errors of 0.1 and 0.3 are judged, one of 0.9 is not: (0.01 + 0.09) / 2."""
        confidences, oks = torch.tensor([[0.9, 0.2, 0.9]]), torch.tensor([[0.8, 0.5, 0.0]])
        assert confidence_loss(confidences, oks, torch.tensor([[True, True, False]])).item() == pytest.approx(0.05)

    def test_not_judged_is_not_there(self):
        """What is not judged has no part in the value, the count, or the gradient."""
        confidences = torch.tensor([[0.9, 0.2, 0.7]], requires_grad=True)
        oks, judged = torch.tensor([[0.8, 0.5, 0.0]]), torch.tensor([[True, True, False]])
        loss = confidence_loss(confidences, oks, judged)
        assert loss.item() == pytest.approx(confidence_loss(confidences[:, :2], oks[:, :2], judged[:, :2]).item())
        loss.backward()
        assert confidences.grad[0].tolist() == pytest.approx([0.1, -0.3, 0])

    @pytest.mark.parametrize('num', COUNTS)
    @pytest.mark.parametrize('judged', [False, True])
    def test_few(self, num, judged):
        """No candidate, one, or none to judge: finite, with a gradient."""
        confidences = torch.full((2, num), 0.3, requires_grad=True)
        loss = confidence_loss(confidences, torch.zeros(2, num), torch.full((2, num), judged))
        loss.backward()
        assert loss.item() == pytest.approx(0.09 if judged and num else 0)
        assert torch.isfinite(confidences.grad).all()

    def test_gradient(self):
        """The gradient is the loss's."""
        generator = torch.Generator().manual_seed(2)
        confidences, oks = torch.rand(2, 2, 5, generator=generator, dtype=torch.float64)
        judged = torch.rand(2, 5, generator=generator) < 0.6
        assert gradcheck(lambda c: confidence_loss(c, oks, judged), (confidences.requires_grad_(),))


def refinement_case(num=3, dtype=torch.float32, seed=3):
    """Return residuals, keypoints, people, labelled, is_person and units of ``num`` candidates of 2 images."""
    generator = torch.Generator().manual_seed(seed)
    residuals, keypoints, people = torch.randn(3, 2, num, 4, 2, generator=generator, dtype=dtype)
    labelled = torch.rand(2, num, 4, generator=generator) < 0.6
    is_person = torch.rand(2, num, generator=generator) < 0.7
    units = 1 + torch.rand(2, num, 1, 1, generator=generator, dtype=dtype)
    return residuals, keypoints, people, labelled, is_person, units


class TestRefinementLoss:
    """refinement_loss."""

    def test_by_hand(self):
        """Three candidates: 5 cells away in units of 10, one labelled keypoint of two; nobody's; and a perfect one."""
        keypoints = torch.zeros(1, 3, 2, 2)
        people = torch.tensor([[[[3.0, 4.0], [9, 9]], [[7, 7], [7, 7]], [[2, 0], [0, 2]]]])
        residuals = torch.tensor([[[[0.1, 0.1], [5, 5]], [[1, 1], [1, 1]], [[1, 0], [0, 1]]]])
        labelled = torch.tensor([[[True, False], [True, True], [True, True]]])
        units = torch.tensor([10.0, 1, 2]).reshape(1, 3, 1, 1)
        loss = refinement_loss(residuals, keypoints, people, labelled, torch.tensor([[True, False, True]]), units)
        # Of 6 coordinates that count, two are off: 0.3 - 0.1 and 0.4 - 0.1.
        assert loss.item() == pytest.approx((0.2**2 + 0.3**2) / 6)

    def test_size_of_a_person_does_not_matter(self):
        """The same error at ten times the size is the same loss."""
        residuals, keypoints, people, labelled, is_person, units = refinement_case()
        small = refinement_loss(residuals, keypoints, people, labelled, is_person, units)
        large = refinement_loss(residuals, 10 * keypoints, 10 * people, labelled, is_person, 10 * units)
        torch.testing.assert_close(large, small)

    def test_unlabelled_coordinates_are_not_read(self):
        """Whatever stands at unlabelled keypoints and at nobody's, value and gradient stay finite and the same."""
        residuals, keypoints, people, labelled, is_person, units = refinement_case(6)
        counts = (labelled & is_person[..., None])[..., None]
        expected = refinement_loss(residuals, keypoints, people, labelled, is_person, units)
        spoilt = torch.where(counts, people, float('nan'))
        residuals.requires_grad_()
        loss = refinement_loss(residuals, keypoints, spoilt, labelled, is_person, units)
        torch.testing.assert_close(loss, expected)
        loss.backward()
        assert ((residuals.grad != 0) == counts).all()

    @pytest.mark.parametrize('num', COUNTS)
    @pytest.mark.parametrize('is_person', [False, True])
    def test_few(self, num, is_person):
        """No candidate, one, or none that is a person: finite, with a gradient."""
        residuals, keypoints, people, labelled, _, units = refinement_case(num)
        residuals.requires_grad_()
        loss = refinement_loss(residuals, keypoints, people, labelled, torch.full((2, num), is_person), units)
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(residuals.grad).all()
        assert (loss > 0) == (is_person and num > 0)

    def test_gradient(self):
        """The gradient is the loss's."""
        residuals, *others = refinement_case(dtype=torch.float64)
        assert gradcheck(lambda r: refinement_loss(r, *others), (residuals.requires_grad_(),))


def test_no_loss_waits():
    """Forward and backward of all three: no question to the device."""
    embeddings = F.normalize(torch.randn(2, 5, 4), dim=-1).requires_grad_()
    confidences = torch.rand(2, 5, requires_grad=True)
    residuals, *others = refinement_case(5)
    residuals.requires_grad_()
    with RefuseToWait():
        loss = similarity_loss(embeddings, torch.arange(5).expand(2, 5) // 2, torch.rand(2, 5, 2))
        loss = loss + confidence_loss(confidences, torch.rand(2, 5), torch.rand(2, 5) < 0.5)
        (loss + refinement_loss(residuals, *others)).backward()


def test_a_wait_is_noticed():
    """The mode used above refuses what would wait."""
    values = torch.rand(3)
    for wait in (lambda: values.sum().item(), lambda: values[values > 0.5], lambda: values.nonzero()):
        with pytest.raises(AssertionError, match='waits for the device'), RefuseToWait():
            wait()
