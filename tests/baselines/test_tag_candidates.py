"""Maps -> peaks with tags."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from dualcenter_mmpose.baselines.tag_candidates import average_resolutions, find_tag_candidates, highest_around


class TestAverageResolutions:
    """Resolutions meet at one size."""

    def test_constant(self):
        """Means of constants stay exact at any size."""
        maps = [torch.full((1, 2, 3, 4), 0.2), torch.full((1, 2, 6, 8), 0.6)]
        average = average_resolutions(maps, (16, 12))
        assert average.shape == (1, 2, 12, 16)
        assert torch.allclose(average, torch.tensor(0.4))

    def test_half_cells(self):
        """A ramp over input px, read at the middle of 4 x 4 and of 2 x 2 cells, is itself again inside."""
        ramps = [(torch.arange(side) + 0.5) * 32 / side - 0.5 for side in (8, 16)]
        maps = [ramp.expand(1, 1, len(ramp), -1) for ramp in ramps]
        average = average_resolutions(maps, (32, 32))[0, 0, 16]
        assert torch.allclose(average[2:-2], torch.arange(32.0)[2:-2], atol=1e-4)


class TestHighestAround:
    """The window's maximum."""

    @pytest.mark.parametrize('kernel', [1, 3, 5])
    def test_same_as_max_pool(self, kernel):
        """At every cell, the border included, also where the map is smaller than the window."""
        for size in ((7, 9), (2, 3)):
            maps = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
            expected = F.max_pool2d(maps, kernel, stride=1, padding=kernel // 2)
            assert torch.equal(highest_around(maps, kernel), expected)


class TestFindTagCandidates:
    """Peaks with their tags."""

    def test_by_hand(self):
        """Two peaks at (4, 1) and (1, 5); the neighbour of the first is no peak."""
        heatmaps = torch.zeros(1, 1, 7, 8)
        heatmaps[0, 0, 1, 4], heatmaps[0, 0, 1, 5], heatmaps[0, 0, 5, 1] = 0.9, 0.8, 0.7
        tags = torch.arange(2 * 56.0).reshape(1, 2, 1, 7, 8)
        found = find_tag_candidates(heatmaps, tags, peak_kernel=5, max_candidates=2)
        assert found.scores[0, 0].tolist() == pytest.approx([0.9, 0.7])
        assert found.cells[0, 0].tolist() == [[4, 1], [1, 5]]
        assert found.tags[0, 0].tolist() == [[12, 68], [41, 97]]  # 1 * 8 + 4, 5 * 8 + 1, and 56 more

    def test_small_map(self):
        """Fewer cells than candidates."""
        found = find_tag_candidates(torch.rand(1, 2, 2, 3), torch.rand(1, 1, 2, 2, 3), peak_kernel=5, max_candidates=30)
        assert found.scores.shape == (1, 2, 6)
