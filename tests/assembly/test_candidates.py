"""Candidates from hand-made maps."""

import pytest
import torch

from dualcenter_mmpose.assembly.candidates import find_candidates, keep_local_maxima, sample_keypoint_scores


def peaks(*cells, height=6, width=7):
    """Return a (H, W) map with the given (x, y, value) cells."""
    heatmap = torch.zeros(height, width)
    for x, y, value in cells:
        heatmap[y, x] = value
    return heatmap


class TestLocalMaxima:
    """keep_local_maxima."""

    def test_neighbour_is_suppressed(self):
        """Of two touching cells the larger stays; two cells apart both stay."""
        kept = keep_local_maxima(peaks((1, 1, 0.9), (2, 2, 0.8), (4, 2, 0.5))[None, None], 3)[0, 0]
        assert kept[1, 1] == pytest.approx(0.9)
        assert kept[2, 2] == 0
        assert kept[2, 4] == pytest.approx(0.5)

    def test_wider_window_merges(self):
        """A window of 5 suppresses what is two cells away, MMPose's default."""
        kept = keep_local_maxima(peaks((1, 1, 0.9), (3, 1, 0.8))[None, None], 5)
        assert (kept > 0).sum() == 1

    def test_border(self):
        """A peak in the corner is one."""
        assert keep_local_maxima(peaks((0, 0, 1.0))[None, None], 3)[0, 0, 0, 0] == 1


class TestFindCandidates:
    """find_candidates."""

    def make(self, **options):
        heatmaps = torch.stack([peaks((1, 1, 0.5), (5, 4, 0.9)), peaks((3, 2, 0.7))])[None]
        displacements = torch.zeros(1, 2 * 2 * 2, 6, 7)  # 2 centers, 2 keypoints
        displacements[0, 0, 1, 1], displacements[0, 1, 1, 1] = 0.25, -1  # center 0, keypoint 0, x and y
        displacements[0, 6, 2, 3], displacements[0, 7, 2, 3] = 2, 3  # center 1, keypoint 1
        return find_candidates(heatmaps, displacements, **options)

    def test_positions(self):
        """A pose is the peak's cell plus the displacements of the peak's own center."""
        found = self.make(max_per_center=3)
        assert found.scores.shape == (1, 6)
        assert found.valid[0].tolist() == [True, True, False, True, False, False]
        assert found.cells[0, :2].tolist() == [[5, 4], [1, 1]]
        assert found.keypoints[0, 1].tolist() == [[1.25, 0], [1, 1]]
        assert found.keypoints[0, 3].tolist() == [[3, 2], [5, 5]]
        assert found.center_ids.tolist() == [0, 0, 0, 1, 1, 1]

    def test_threshold(self):
        """A peak must exceed the threshold; a score that does not counts as 0."""
        found = self.make(max_per_center=2, score_thr=0.5)
        assert found.valid[0].tolist() == [True, False, True, False]
        assert found.scores[0].tolist() == pytest.approx([0.9, 0, 0.7, 0])

    def test_tiny_map(self):
        """More peaks than cells are not taken (MMPose's decoder fails there)."""
        found = find_candidates(torch.rand(2, 1, 2, 3), torch.zeros(2, 4, 2, 3), max_per_center=30)
        assert found.scores.shape == (2, 6)

    def test_scores_end_at_one(self):
        """A heatmap value above 1 is not a score above 1."""
        assert find_candidates(peaks((2, 2, 1.3))[None, None], torch.zeros(1, 2, 6, 7)).scores.max() == 1

    def test_batch_equals_single(self):
        """Two images together give what each gives alone."""
        generator = torch.Generator().manual_seed(0)
        heatmaps = torch.rand(2, 2, 8, 8, generator=generator)
        displacements = torch.randn(2, 12, 8, 8, generator=generator)
        both = find_candidates(heatmaps, displacements)
        for i in range(2):
            single = find_candidates(heatmaps[i : i + 1], displacements[i : i + 1])
            assert torch.equal(single.keypoints[0], both.keypoints[i])
            assert torch.equal(single.scores[0], both.scores[i])


class TestKeypointScores:
    """sample_keypoint_scores."""

    def test_bilinear(self):
        """A quarter of a cell towards a neighbour of value 0 reads three quarters."""
        heatmaps = peaks((2, 3, 0.8))[None, None]
        points = torch.tensor([[[[2.0, 3.0]], [[2.25, 3.0]], [[3.5, 3.0]]]])
        assert sample_keypoint_scores(heatmaps, points).flatten().tolist() == pytest.approx([0.8, 0.6, 1e-3])

    def test_perfect_peak_at_the_border(self):
        """A peak in the corner cell is read in full (MMPose's SPR reads 0.90 there)."""
        heatmaps = torch.zeros(1, 1, 32, 32)
        heatmaps[0, 0, 0, 0] = 1
        assert sample_keypoint_scores(heatmaps, torch.zeros(1, 1, 1, 2)).item() == pytest.approx(1)

    def test_outside(self):
        """Outside the map the value is 0, but a regressed keypoint is never absent."""
        scores = sample_keypoint_scores(torch.ones(1, 1, 4, 4), torch.tensor([[[[-9.0, 2.0]]]]))
        assert scores.item() == pytest.approx(1e-3)

    def test_own_channel(self):
        """Each keypoint reads its own heatmap."""
        heatmaps = torch.stack([torch.full((4, 4), 0.2), torch.full((4, 4), 0.7)])[None]
        scores = sample_keypoint_scores(heatmaps, torch.ones(1, 3, 2, 2))
        assert scores[0].tolist() == [pytest.approx([0.2, 0.7])] * 3
