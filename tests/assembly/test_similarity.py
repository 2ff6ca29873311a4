"""Similarity of two poses, in space and in appearance: laws and values by hand."""

import math

import pytest
import torch

from dualcenter_mmpose.assembly.similarity import (
    MIN_AREA,
    SPATIAL_TERMS,
    appearance_similarity,
    pairwise_closeness,
    pairwise_gaussian,
    pairwise_oks,
    pose_areas,
)

OKS_SIGMAS = torch.tensor([0.05, 0.1, 0.2])


def random_poses(num=6, seed=0):
    """Return (2, num, 3, 2) px of poses close enough together to be similar by every term."""
    generator = torch.Generator().manual_seed(seed)
    shape = 60 * torch.randn(1, 1, 3, 2, generator=generator)
    return shape + 12 * torch.randn(2, num, 3, 2, generator=generator) + 300


def moved_pose():
    """Return a pose with a box of 30 x 40 px, hence a diagonal of 50, and one with one keypoint 6 px to the right."""
    pose = torch.tensor([[0.0, 0.0], [30.0, 40.0], [15.0, 20.0]])
    other = pose.clone()
    other[2, 0] += 6
    return torch.stack([pose, other])[None]


def test_area_has_a_floor():
    """A pose in one point counts as 8 x 8 px."""
    assert pose_areas(torch.ones(1, 1, 3, 2), MIN_AREA).item() == MIN_AREA == 64
    assert pose_areas(torch.tensor([[[[0.0, 0.0], [10.0, 20.0]]]])).item() == 200


class TestValues:
    """Each spatial term by hand."""

    def test_oks(self):
        """Both boxes have 1200 px^2: exp(-36 / (2 (2 sigma)^2 1200)) for the moved keypoint, 1 for the others."""
        oks = pairwise_oks(moved_pose(), OKS_SIGMAS)[0, 0, 1]
        assert oks.item() == pytest.approx((2 + math.exp(-36 / (2 * 0.4**2 * 1200))) / 3)

    def test_oks_takes_the_mean_area(self):
        """Boxes of 100 and 300 px^2 make 200."""
        poses = torch.tensor([[[[0.0, 0], [10, 0], [0, 10]], [[0.0, 0], [10, 0], [0, 30]]]])
        oks = pairwise_oks(poses, OKS_SIGMAS)[0, 0, 1]
        assert oks.item() == pytest.approx((2 + math.exp(-400 / (2 * 0.4**2 * 200))) / 3)

    def test_gaussian(self):
        """Eq. 1 with sigma 5 px, a tenth of the diagonal, for every keypoint: exp(-36 / 50), without its constant."""
        assert pairwise_gaussian(moved_pose(), OKS_SIGMAS)[0, 0, 1].item() == pytest.approx(
            (2 + math.exp(-36 / 50)) / 3
        )

    def test_gaussian_takes_the_mean_diagonal(self):
        """Diagonals of 50 and 100 px make 75, sigma 7.5."""
        poses = torch.tensor([[[[0.0, 0], [30, 40], [6, 0]], [[0.0, 0], [60, 80], [6, 0]]]])
        expected = (2 + math.exp(-(50**2) / (2 * 7.5**2))) / 3
        assert pairwise_gaussian(poses, OKS_SIGMAS)[0, 0, 1].item() == pytest.approx(expected)

    def test_closeness(self):
        """Distances of 0, 0 and 6 px have a mean of 2, a twenty-fifth of the diagonal."""
        assert pairwise_closeness(moved_pose(), OKS_SIGMAS)[0, 0, 1].item() == pytest.approx(1 - 2 / 50)

    @pytest.mark.parametrize(('shift', 'is_one'), [(4.9, True), (5.1, False)])
    def test_a_tenth_of_the_diagonal(self, shift, is_one):
        """Poses less than a tenth of their diagonal apart exceed 0.9, the threshold of Fig. 12's baseline."""
        pose = moved_pose()[:, :1]
        closeness = pairwise_closeness(torch.cat((pose, pose + torch.tensor([shift, 0.0])), dim=1), OKS_SIGMAS)
        assert bool(closeness[0, 0, 1] > 0.9) is is_one

    def test_smallest_diagonal(self):
        """Poses in one point count as of 8 x 8 px, 11.3 px across: 4 px apart they are 1 - 4 / 11.3 alike."""
        poses = torch.zeros(1, 2, 3, 2)
        poses[0, 1, :, 0] = 4
        assert pairwise_closeness(poses, OKS_SIGMAS)[0, 0, 1].item() == pytest.approx(1 - 4 / math.sqrt(128))
        sigma = math.sqrt(128) / 10
        assert pairwise_gaussian(poses, OKS_SIGMAS)[0, 0, 1].item() == pytest.approx(math.exp(-16 / (2 * sigma**2)))

    def test_far_apart(self):
        """The similarity of strangers is 0, not less."""
        pose = moved_pose()[:, :1]
        for term in SPATIAL_TERMS.values():
            assert term(torch.cat((pose, pose + 5000), dim=1), OKS_SIGMAS)[0, 0, 1] == 0


@pytest.mark.parametrize('term', list(SPATIAL_TERMS.values()), ids=list(SPATIAL_TERMS))
class TestLaws:
    """What every spatial term obeys."""

    def test_symmetric_and_one_for_equal_poses(self, term):
        """Similarity does not depend on the order, and a pose equals itself."""
        similarity = term(random_poses(), OKS_SIGMAS)
        torch.testing.assert_close(similarity, similarity.transpose(1, 2))
        torch.testing.assert_close(similarity.diagonal(dim1=1, dim2=2), torch.ones(2, 6))
        assert (similarity >= 0).all()
        assert (similarity <= 1).all()
        assert similarity[:, 0, 1:].std() > 0.01  # these poses tell a term from a constant

    @pytest.mark.parametrize('scale', [0.7, 3.0])
    def test_unchanged_when_the_scene_is_scaled(self, term, scale):
        """Twice the picture, the same instances."""
        poses = random_poses(seed=1)
        torch.testing.assert_close(term(poses, OKS_SIGMAS), term(poses * scale, OKS_SIGMAS))

    def test_unchanged_when_the_scene_is_moved_or_mirrored(self, term):
        """Elsewhere in the picture, or on its other side, the same instances."""
        poses = random_poses(seed=2)
        turned = poses * torch.tensor([-1.0, 1.0]) + torch.tensor([640.0, 25.0])
        torch.testing.assert_close(term(poses, OKS_SIGMAS), term(turned, OKS_SIGMAS), atol=1e-5, rtol=1e-4)

    def test_falls_with_distance(self, term):
        """The further a pose is moved, the less it is similar."""
        pose = random_poses(1)[:1]
        moved = torch.cat([pose + torch.tensor([shift, 0.0]) for shift in (0, 2, 4, 8)], dim=1)
        similarity = term(moved, OKS_SIGMAS)[0, 0]
        assert (similarity.diff() < 0).all()

    def test_pose_in_one_point(self, term):
        """Poses without any size are compared as if they were of 8 x 8 px: nothing is divided by 0."""
        poses = torch.zeros(1, 2, 3, 2)
        poses[0, 1] += 0.5
        similarity = term(poses, OKS_SIGMAS)
        assert torch.isfinite(similarity).all()
        assert 0 < similarity[0, 0, 1] < 1

    def test_nobody(self, term):
        """No candidates, no pairs."""
        assert term(torch.zeros(2, 0, 3, 2), OKS_SIGMAS).shape == (2, 0, 0)


class TestAppearance:
    """appearance_similarity."""

    def test_by_hand(self):
        """The cosine of (1, 0) and (0.6, 0.8) is 0.6; of opposite vectors it counts as 0."""
        embeddings = torch.tensor([[[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]])
        expected = torch.tensor([[[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]]])
        torch.testing.assert_close(appearance_similarity(embeddings), expected)

    def test_symmetric_one_for_equal_never_above(self):
        """Symmetric; 1 for equal embeddings, and never above it by rounding."""
        generator = torch.Generator().manual_seed(0)
        embeddings = torch.nn.functional.normalize(torch.randn(2, 40, 512, generator=generator), dim=-1)
        embeddings[:, 1] = embeddings[:, 0]
        similarity = appearance_similarity(embeddings)
        torch.testing.assert_close(similarity, similarity.transpose(1, 2))
        torch.testing.assert_close(similarity.diagonal(dim1=1, dim2=2), torch.ones(2, 40))
        torch.testing.assert_close(similarity[:, 0, 1], torch.ones(2))
        assert similarity.max() <= 1
        assert similarity.min() >= 0
