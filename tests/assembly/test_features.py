"""What the networks see of a pose: one linear map at every resolution, the outside, and no way back."""

import pytest
import torch

from dualcenter_mmpose.assembly.features import normalize_poses, sample_at_keypoints, sample_pose_features

WIDTH, HEIGHT = 32, 16


def linear_map(factor):
    """Return (1, 1, h, w) with 2 x + 3 y + 1 at the middle of every cell, x and y in cells of the finest map."""
    # The middle of cell i lies at (i + 1/2) factor - 1/2: half a coarse cell from the edge, not a whole one.
    x = (torch.arange(WIDTH // factor) + 0.5) * factor - 0.5
    y = (torch.arange(HEIGHT // factor) + 0.5) * factor - 0.5
    return (2 * x[None, :] + 3 * y[:, None] + 1)[None, None]


def random_poses(num_images=2, num_poses=5, num_keypoints=3, seed=0):
    """Return (B, M, K, 2) cells all over the map and a little outside."""
    generator = torch.Generator().manual_seed(seed)
    unit = torch.rand(num_images, num_poses, num_keypoints, 2, generator=generator)
    return unit * torch.tensor([WIDTH + 4.0, HEIGHT + 4.0]) - 2.5


class TestSampleAtKeypoints:
    """sample_at_keypoints."""

    @pytest.mark.parametrize('factor', [1, 2, 4, 8])
    def test_linear_map_is_read_exactly(self, factor):
        """Away from the border a map linear in x and y reads the same, and right, at every resolution."""
        points = torch.tensor([[[[6.0, 7.0], [10.25, 8.5], [26.75, 10.125]], [[4.0, 4.0], [15.5, 7.5], [20.0, 11.0]]]])
        found = sample_at_keypoints(linear_map(factor), points, (WIDTH, HEIGHT))
        expected = 2 * points[..., 0] + 3 * points[..., 1] + 1
        torch.testing.assert_close(found, expected[..., None], atol=1e-4, rtol=0)

    def test_channels_and_order(self):
        """One pixel is lit: only the pose and keypoint that stand there read it, in its own channel."""
        maps = torch.zeros(2, 3, HEIGHT, WIDTH)
        maps[1, 2, 5, 9] = 7
        points = torch.zeros(2, 4, 2, 2)
        points[1, 3, 0] = torch.tensor([9.0, 5.0])
        found = sample_at_keypoints(maps, points, (WIDTH, HEIGHT))
        expected = torch.zeros(2, 4, 2, 3)
        expected[1, 3, 0, 2] = 7
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)

    @pytest.mark.parametrize('factor', [1, 4])
    @pytest.mark.parametrize('side', [(-1, 0), (1, 0), (0, -1), (0, 1)])
    def test_zero_outside(self, factor, side):
        """A map of ones reads 1 in its middle, 1/2 at its edge, and 0 half a cell of its own beyond it."""
        maps = torch.ones(1, 1, HEIGHT // factor, WIDTH // factor)
        middle = torch.tensor([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
        edge = middle + torch.tensor(side) * torch.tensor([WIDTH / 2, HEIGHT / 2])
        beyond = edge + torch.tensor(side) * factor / 2
        far = edge + torch.tensor(side) * 1000
        points = torch.stack((middle, edge, beyond, far))[None, None]
        found = sample_at_keypoints(maps, points, (WIDTH, HEIGHT))
        assert found.flatten().tolist() == pytest.approx([1, 0.5, 0, 0], abs=1e-6)

    def test_half_precision_maps(self):
        """Half-precision maps are sampled at full precision: float32 values at positions finer than a half can say."""
        maps = torch.arange(256.0).expand(1, 1, 4, 256)
        points = torch.tensor([[[[200.03125, 2.0]]]])  # a half has steps of 1/8 there
        found = sample_at_keypoints(maps.half(), points, (256, 4))
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(200.03125, abs=1e-3)

    def test_nobody(self):
        """No poses, no values."""
        found = sample_at_keypoints(torch.ones(2, 3, 4, 4), torch.zeros(2, 0, 5, 2), (4, 4))
        assert found.shape == (2, 0, 5, 3)


class TestSamplePoseFeatures:
    """sample_pose_features."""

    def test_layout(self):
        """The backbone's channels come first, map by map, then all K heatmaps at every keypoint."""
        feats = [torch.full((1, 2, HEIGHT, WIDTH), 1.0), torch.full((1, 3, HEIGHT // 2, WIDTH // 2), 2.0)]
        heatmaps = torch.full((1, 4, HEIGHT, WIDTH), 3.0)
        points = torch.full((1, 6, 4, 2), 8.0)
        found = sample_pose_features(feats, heatmaps, points)
        assert found.shape == (1, 6, 4, 9)
        torch.testing.assert_close(found, torch.tensor([1.0, 1, 2, 2, 2, 3, 3, 3, 3]).expand(1, 6, 4, 9))

    def test_nothing_learns_through_it(self):
        """Neither the maps nor the coordinates get a gradient."""
        feats = [torch.rand(1, 2, HEIGHT, WIDTH, requires_grad=True)]
        heatmaps = torch.rand(1, 3, HEIGHT, WIDTH, requires_grad=True)
        points = random_poses(1).requires_grad_()
        assert not sample_pose_features(feats, heatmaps, points).requires_grad

    def test_batch_equals_singles(self):
        """Every image reads its own maps."""
        generator = torch.Generator().manual_seed(1)
        feats = [torch.rand(3, 2, HEIGHT // f, WIDTH // f, generator=generator) for f in (1, 2)]
        heatmaps, points = torch.rand(3, 3, HEIGHT, WIDTH, generator=generator), random_poses(3)
        together = sample_pose_features(feats, heatmaps, points)
        for i in range(3):
            one = slice(i, i + 1)
            alone = sample_pose_features([feat[one] for feat in feats], heatmaps[one], points[one])
            torch.testing.assert_close(alone[0], together[i], atol=1e-5, rtol=1e-5)

    def test_mirror(self):
        """Mirrored poses on mirrored maps read what the poses read on the maps: no half cell is lost."""
        generator = torch.Generator().manual_seed(2)
        feats = [torch.rand(2, 2, HEIGHT // f, WIDTH // f, generator=generator) for f in (1, 2, 4, 8)]
        heatmaps, points = torch.rand(2, 3, HEIGHT, WIDTH, generator=generator), random_poses()
        mirrored = points.clone()
        mirrored[..., 0] = WIDTH - 1 - mirrored[..., 0]
        straight = sample_pose_features(feats, heatmaps, points)
        turned = sample_pose_features([feat.flip(-1) for feat in feats], heatmaps.flip(-1), mirrored)
        torch.testing.assert_close(turned, straight, atol=1e-5, rtol=1e-5)


class TestNormalizePoses:
    """normalize_poses."""

    def test_by_hand(self):
        """A box of 6 x 8 cells has a diagonal of 10; its mean goes to the origin."""
        pose = torch.tensor([[10.0, 20.0], [16.0, 28.0], [13.0, 24.0]])
        normalized, diagonal = normalize_poses(pose)
        assert diagonal.tolist() == [[10.0]]
        torch.testing.assert_close(normalized, torch.tensor([[-0.3, -0.4], [0.3, 0.4], [0.0, 0.0]]))

    def test_place_and_size_do_not_matter(self):
        """The same pose elsewhere and three times as large is the same; its diagonal is three times as long."""
        poses = random_poses() * 3
        normalized, diagonals = normalize_poses(poses)
        other, other_diagonals = normalize_poses(poses * 3 + 40)
        torch.testing.assert_close(other, normalized, atol=1e-5, rtol=0)
        torch.testing.assert_close(other_diagonals, 3 * diagonals)

    def test_floor(self):
        """A pose in one point counts as 2 cells, and nothing is divided by 0."""
        normalized, diagonal = normalize_poses(torch.ones(1, 1, 3, 2))
        assert diagonal.item() == 2
        assert (normalized == 0).all()
