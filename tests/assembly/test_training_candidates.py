"""Candidates to learn from: where they are read, how they are disturbed, and who is kept."""

import pytest
import torch

from dualcenter_mmpose.assembly.candidates import find_candidates
from dualcenter_mmpose.assembly.training_candidates import (
    PoseTraining,
    around_centers,
    join_peaks,
    keep_some,
    read_poses,
)
from dualcenter_mmpose.types import DenseMaps, TrainingCandidates
from tests.helpers import RefuseToWait

WIDTH, HEIGHT, CENTERS, KEYPOINTS = 14, 10, 2, 3


def random_maps(num_images=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return DenseMaps(
        torch.rand(num_images, KEYPOINTS + CENTERS, HEIGHT, WIDTH, generator=generator),
        3 * torch.randn(num_images, CENTERS * KEYPOINTS * 2, HEIGHT, WIDTH, generator=generator),
    )


def random_points(num_images=2, num_people=4, seed=0):
    """Return (B, N, G, 2) centers inside the map, away from its border, and that all are valid."""
    generator = torch.Generator().manual_seed(seed)
    unit = torch.rand(num_images, num_people, CENTERS, 2, generator=generator)
    points = unit * torch.tensor([WIDTH - 7.0, HEIGHT - 7.0]) + 3
    return points, torch.ones(num_images, num_people, CENTERS, dtype=torch.bool)


def draw(maps, points, valid, num_jittered=2, max_shift=2, max_noise=0.1):
    torch.manual_seed(0)
    return around_centers(maps, points, valid, num_jittered, max_shift, max_noise)


class TestReadPoses:
    """read_poses."""

    def test_by_hand(self):
        """Center 1 at cell (x 5, y 2) of image 1: the cell plus the six channels that are center 1's."""
        maps = random_maps()
        cells, ids = torch.tensor([[[0, 0]], [[5, 2]]]), torch.tensor([[0], [1]])
        found = read_poses(maps.displacements, cells, ids, CENTERS)
        expected = maps.displacements[1, 6:, 2, 5].reshape(3, 2) + torch.tensor([5.0, 2.0])
        torch.testing.assert_close(found[1, 0], expected)

    def test_equals_peaks(self):
        """At the peaks it reads the poses that decoding reads there."""
        maps = random_maps()
        peaks = find_candidates(maps.heatmaps[:, KEYPOINTS:], maps.displacements)
        found = read_poses(maps.displacements, peaks.cells, peaks.center_ids.expand(2, -1), CENTERS)
        assert torch.equal(found, peaks.keypoints)

    def test_nobody(self):
        """No cells, no poses."""
        none = torch.zeros(2, 0, 2, dtype=torch.long), torch.zeros(2, 0, dtype=torch.long)
        assert read_poses(random_maps().displacements, *none, CENTERS).shape == (2, 0, KEYPOINTS, 2)


class TestAroundCenters:
    """around_centers."""

    def test_undisturbed(self):
        """The first copy of every center is the pose at its own pixel, of its own field."""
        maps, (points, valid) = random_maps(), random_points()
        found = draw(maps, points, valid)
        cells = torch.floor(points + 0.5).long()
        firsts = found.keypoints.unflatten(1, (4, CENTERS, 3))[:, :, :, 0]
        for b in range(2):
            for n in range(4):
                for g in range(CENTERS):
                    x, y = cells[b, n, g].tolist()
                    vectors = maps.displacements[b, 6 * g : 6 * g + 6, y, x].reshape(3, 2)
                    torch.testing.assert_close(firsts[b, n, g], vectors + torch.tensor([x, y]))
        assert torch.equal(found.cells.unflatten(1, (4, CENTERS, 3))[:, :, :, 0], cells)

    def test_shifts(self):
        """Copies stand within 2 cells of their center, everywhere in between, and the poses are read there."""
        points, valid = random_points(1, 300)
        maps = random_maps(1)
        found = draw(maps, points, valid, max_noise=0)
        shifts = found.cells.unflatten(1, (300, CENTERS, 3)) - torch.floor(points + 0.5).long()[:, :, :, None]
        assert (shifts[:, :, :, 0] == 0).all()
        copies = shifts[:, :, :, 1:].reshape(-1, 2)
        assert {tuple(shift) for shift in copies.tolist()} == {(x, y) for x in range(-2, 3) for y in range(-2, 3)}
        ids = torch.arange(CENTERS)[:, None].expand(300, CENTERS, 3).reshape(1, -1)
        torch.testing.assert_close(found.keypoints, read_poses(maps.displacements, found.cells, ids, CENTERS))

    def test_noise(self):
        """Copies' keypoints are off by up to a tenth of the diagonal (one sigma), a different share for each."""
        points, valid = random_points(1, 500)
        maps = random_maps(1)
        found = draw(maps, points, valid, max_shift=0)
        poses = found.keypoints.unflatten(1, (500, CENTERS, 3))
        undisturbed, copies = poses[:, :, :, :1], poses[:, :, :, 1:]
        diagonals = (undisturbed.amax(-2) - undisturbed.amin(-2)).norm(dim=-1)[..., None, None]
        shares = (copies - undisturbed) / diagonals
        # sigma is uniform on [0, 0.1]: its mean square is 0.1^2 / 3.
        assert shares.square().mean().sqrt().item() == pytest.approx(0.1 / 3**0.5, rel=0.05)
        assert shares.mean().item() == pytest.approx(0, abs=0.003)
        strengths = shares.square().mean(dim=(-1, -2)).sqrt().flatten()
        assert strengths.min() < 0.01
        assert strengths.max() > 0.08

    def test_stay_in_the_map(self):
        """Around a center in the corner, copies beyond the map are not valid and no cell is outside."""
        points = torch.tensor([[0.0, 0.0], [WIDTH - 1.0, HEIGHT - 1.0]]).expand(1, 50, CENTERS, 2)
        found = draw(random_maps(1), points, torch.ones(1, 50, CENTERS, dtype=torch.bool))
        assert (found.cells >= 0).all()
        assert (found.cells < torch.tensor([WIDTH, HEIGHT])).all()
        is_valid = found.valid.unflatten(1, (50, CENTERS, 3))
        assert is_valid[..., 0].all()
        # Three of five shifts stay inside in x, three of five in y.
        assert is_valid[..., 1:].float().mean().item() == pytest.approx(9 / 25, abs=0.1)

    def test_center_outside_the_map(self):
        """A center far outside gives no candidate."""
        points = torch.tensor([-30.0, 4.0]).expand(1, 2, CENTERS, 2)
        assert not draw(random_maps(1), points, torch.ones(1, 2, CENTERS, dtype=torch.bool)).valid.any()

    def test_missing_center(self):
        """A center that an instance lacks gives no candidate; the other one does."""
        points, valid = random_points(1, 2)
        valid[0, 0, 1] = False
        found = draw(random_maps(1), points, valid).valid.unflatten(1, (2, CENTERS, 3))
        assert found[0, :, :, 0].tolist() == [[True, False], [True, True]]
        assert not found[0, 0, 1].any()

    def test_nobody(self):
        """Nobody annotated, nothing to stand around."""
        found = draw(random_maps(), torch.zeros(2, 0, CENTERS, 2), torch.zeros(2, 0, CENTERS, dtype=torch.bool))
        assert found.keypoints.shape == (2, 0, KEYPOINTS, 2)

    @pytest.mark.parametrize('num_jittered', [0, 1, 5])
    def test_number(self, num_jittered):
        """As many copies of each center as the option says."""
        found = draw(random_maps(), *random_points(), num_jittered=num_jittered)
        assert found.valid.shape == (2, 4 * CENTERS * (1 + num_jittered))

    def test_does_not_wait(self):
        """No question to the device."""
        arguments = random_maps(), *random_points()
        with RefuseToWait():
            keep_some(draw(*arguments), 5)


def numbered(valid):
    """Return candidates whose coordinates are their own index."""
    valid = torch.tensor(valid)
    index = torch.arange(valid.shape[1]).expand(valid.shape)
    keypoints = index[..., None, None].expand(-1, -1, KEYPOINTS, 2).float()
    return TrainingCandidates(keypoints, index[..., None].expand(-1, -1, 2), valid)


class TestKeepSome:
    """keep_some."""

    @pytest.mark.parametrize('limit', [0, 2, 3, 5])
    def test_valid_ones_first(self, limit):
        """Of three valid ones as many as there is room for stay, and empty slots fill the rest."""
        kept = keep_some(numbered([[False, True, False, True, False, True]] * 2), limit)
        assert kept.valid.sum(dim=1).tolist() == [min(3, limit)] * 2
        assert kept.valid.shape == (2, limit)

    def test_rows_stay_whole(self):
        """Pose, cell and validity stay together."""
        kept = keep_some(numbered([[True, False, True, True, False, False, True]]), 5)
        index = kept.cells[0, :, 0]
        assert torch.equal(kept.keypoints[0, :, 0, 0], index.float())
        assert torch.equal(kept.valid[0], torch.tensor([True, False, True, True, False, False, True])[index])
        assert len(set(index.tolist())) == 5

    def test_drawn_at_random(self):
        """Every valid one has its chance: 2 of 4 are each kept in half of the draws."""
        torch.manual_seed(0)
        kept = keep_some(numbered([[True] * 4] * 2000), 2).cells[..., 0]
        counts = torch.bincount(kept.flatten(), minlength=4)
        assert ((counts - 1000).abs() < 100).all()

    def test_room_for_all(self):
        """Nothing is drawn where all fit."""
        candidates = numbered([[True, False]])
        assert keep_some(candidates, 2) is candidates


def test_join_peaks():
    """Predicted peaks come first, the others after them."""
    maps = random_maps()
    peaks = find_candidates(maps.heatmaps[:, KEYPOINTS:], maps.displacements, max_per_center=4)
    others = draw(maps, *random_points())
    joined = join_peaks(peaks, others)
    assert joined.keypoints.shape == (2, 8 + 24, KEYPOINTS, 2)
    for name in TrainingCandidates._fields:
        assert torch.equal(getattr(joined, name)[:, :8], getattr(peaks, name))
        assert torch.equal(getattr(joined, name)[:, 8:], getattr(others, name))


class TestPoseTraining:
    """PoseTraining."""

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(max_candidates=0), 'max_candidates must be at least 1, got 0'),
            (dict(num_jittered=-1), 'num_jittered must be at least 0, got -1'),
            (dict(max_shift=-2), 'max_shift must be at least 0, got -2'),
            (dict(max_noise=-0.1), 'max_noise must be at least 0, got -0.1'),
            (dict(identity_thr=0), 'identity_thr must lie in .0, 1., got 0'),
            (dict(identity_thr=1.5), 'identity_thr must lie in .0, 1., got 1.5'),
        ],
    )
    def test_bad_options(self, options, message):
        """Each value out of range is named."""
        with pytest.raises(ValueError, match=message):
            PoseTraining(**options)

    def test_unknown_option(self):
        """A misspelt option is named."""
        with pytest.raises(TypeError, match='num_jitter'):
            PoseTraining(num_jitter=2)
