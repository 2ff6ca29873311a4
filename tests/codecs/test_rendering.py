"""Rendering primitives on small grids."""

import math

import numpy as np
import pytest
import torch

from dualcenter_mmpose.codecs.rendering import assign_cells, is_inside, render_discs, render_gaussians
from tests.reference.targets import gaussian_heatmap


def one_point(x, y):
    return torch.tensor([[[[x, y]]]], dtype=torch.float32)


YES = torch.ones(1, 1, 1, dtype=torch.bool)


class TestIsInside:
    """is_inside."""

    def test_border(self):
        """A map of 4 cells reaches from -0.5 to 3.5."""
        xs = torch.tensor([-0.51, -0.5, 3.49, 3.5])
        points = torch.stack((xs, torch.zeros(4)), dim=-1)
        assert is_inside(points, (4, 4)).tolist() == [False, True, True, False]


class TestRenderGaussians:
    """render_gaussians."""

    def test_values(self):
        """At distance 1 and sigma 1 the value is exp(-1/2); beyond 3 sigma it is 0."""
        heatmap = render_gaussians(one_point(4.2, 3.9), YES, [1.0], (9, 9))[0, 0]
        assert heatmap[4, 4] == 1
        assert heatmap[4, 5] == pytest.approx(math.exp(-0.5))
        assert heatmap[5, 5] == pytest.approx(math.exp(-1))
        assert heatmap[4, 8] == 0
        assert heatmap[4, 7] == pytest.approx(math.exp(-4.5))

    def test_valley(self):
        """Two peaks two sigmas apart meet at 0.61 of their height: the maximum, not the sum."""
        points = torch.tensor([[[[4.0, 4.0]], [[8.0, 4.0]]]])
        both = torch.ones(1, 2, 1, dtype=torch.bool)
        heatmap = render_gaussians(points, both, [2.0], (13, 9))[0, 0]
        assert heatmap[4, 6] == pytest.approx(0.6065, abs=1e-4)
        assert heatmap.max() == 1

    @pytest.mark.parametrize('num_people', [0, 1, 7])
    def test_equals_loop(self, num_people):
        """Channels with different sigmas equal the loop, points outside and invalid ones included."""
        rng = np.random.default_rng(num_people)
        points = rng.uniform(-4, 24, (num_people, 2, 2)).astype(np.float32)
        valid = rng.random((num_people, 2)) < 0.7
        sigmas = [1.5, 3.0]
        found = render_gaussians(torch.tensor(points)[None], torch.tensor(valid)[None], sigmas, (20, 17))
        for channel, sigma in enumerate(sigmas):
            expected = gaussian_heatmap(points[:, channel], valid[:, channel], sigma, 20, 17)
            np.testing.assert_allclose(found[0, channel], expected, atol=1e-6)

    def test_nan_of_invalid_points(self):
        """Coordinates of invalid points are never read."""
        heatmap = render_gaussians(one_point(math.nan, math.nan), ~YES, [2.0], (8, 8))
        assert heatmap.abs().sum() == 0


class TestOwnership:
    """render_discs, assign_cells."""

    def test_disc_of_radius_two(self):
        """A disc of radius 2 around a cell has 13 cells."""
        disc = render_discs(one_point(4.0, 4.0), YES, [2.0], (9, 9))
        assert disc.sum() == 13

    def test_disc_around_the_point_itself(self):
        """A disc is measured from the point, not from its cell: around (4.4, 4) radius 2 reaches x = 3 to 6."""
        disc = render_discs(one_point(4.4, 4.0), YES, [2.0], (9, 9))[0, 0]
        assert disc[4].nonzero().flatten().tolist() == [3, 4, 5, 6]

    def test_smaller_person_wins(self):
        """Where two discs overlap, the lower index, hence the smaller instance, is assigned the cell."""
        points = torch.tensor([[[[3.0, 3.0]], [[5.0, 3.0]]]])
        owners = assign_cells(points, torch.ones(1, 2, 1, dtype=torch.bool), [2.0], (9, 7))
        owners = owners.reshape(7, 9)
        assert owners[3].tolist() == [2, 0, 0, 0, 0, 0, 1, 1, 2]

    def test_nobody(self):
        """Without instances every cell has the index that means nobody."""
        owners = assign_cells(torch.zeros(2, 0, 3, 2), torch.zeros(2, 0, 3, dtype=torch.bool), [1.0] * 3, (4, 4))
        assert owners.shape == (2, 3, 16)
        assert (owners == 0).all()  # N is 0
