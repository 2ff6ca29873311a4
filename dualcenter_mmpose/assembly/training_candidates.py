"""Candidates to train the pose-level networks on: predicted peaks, true centers, and jittered ones.

Axis letters: B images, G center groups, N ground-truth instances (padded), M candidates, K keypoints, H and W cells.
The number of candidates depends on the options and on N, never on the content.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dualcenter_mmpose.geometry import pose_diagonals
from dualcenter_mmpose.types import Candidates, DenseMaps, TrainingCandidates


@dataclass(frozen=True)
class PoseTraining:
    """Options of the candidates that the pose-level networks are trained on.

    Attributes:
        max_candidates: per image, all sources together.
        num_jittered: disturbed candidates per true center.
        max_shift: of their center, cells.
        max_noise: of their keypoints, shares of the pose's diagonal.
        identity_thr: OKS from which a candidate counts as an instance.

    Raises:
        ValueError: for a value out of range.
    """

    max_candidates: int = 100
    num_jittered: int = 2
    max_shift: int = 2
    max_noise: float = 0.1
    identity_thr: float = 0.3

    def __post_init__(self) -> None:
        """Check the values."""
        for name, lowest in (('max_candidates', 1), ('num_jittered', 0), ('max_shift', 0), ('max_noise', 0)):
            if getattr(self, name) < lowest:
                raise ValueError(f'{name} must be at least {lowest}, got {getattr(self, name)}')
        if not 0 < self.identity_thr <= 1:  # an OKS of 0 is nobody's
            raise ValueError(f'identity_thr must lie in (0, 1], got {self.identity_thr}')


def read_poses(displacements: Tensor, cells: Tensor, center_ids: Tensor, num_centers: int) -> Tensor:
    """Return the poses that a center's displacements give at some cells.

    Args:
        displacements: (B, G * 2K, H, W).
        cells: (B, M, 2) integer (x, y) inside the map.
        center_ids: (B, M) which center's field to read.
        num_centers: G.

    Returns:
        (B, M, K, 2) cells.
    """
    num_images, _, height, width = displacements.shape
    fields = displacements.reshape(num_images, num_centers, -1, height * width)
    # One index for center and cell together picks a whole vector of 2K at once.
    fields = fields.permute(0, 1, 3, 2).reshape(num_images, num_centers * height * width, -1)  # (B, G * H * W, 2K)
    # Example on a map of 10 x 8 cells: center 1 at cell (3, 4) is slot 80 + 40 + 3 = 123.
    slots = center_ids * (height * width) + cells[..., 1] * width + cells[..., 0]
    picked = fields.gather(1, slots[..., None].expand(-1, -1, fields.shape[2]))  # (B, M, 2K)
    return picked.unflatten(2, (-1, 2)) + cells[:, :, None].to(picked.dtype)


def around_centers(
    maps: DenseMaps,
    points: Tensor,
    valid: Tensor,
    num_jittered: int,
    max_shift: int,
    max_noise: float,
) -> TrainingCandidates:
    """Return candidates at true centers, and jittered ones beside them whose poses are disturbed, too.

    The disturbed poses widen the range of OKS that the confidence network sees: on training images a trained
    network's own poses are nearly all good.

    Args:
        maps: the head's output.
        points: (B, N, G, 2) cells, true centers.
        valid: (B, N, G) bool.
        num_jittered: disturbed candidates per center.
        max_shift: of their center, cells.
        max_noise: largest standard deviation of their keypoints, shares of the pose's diagonal; drawn per candidate.

    Returns:
        Candidates with M = N * G * (1 + num_jittered).
    """
    num_images, num_instances, num_centers, _ = points.shape
    height, width = maps.heatmaps.shape[-2:]
    copies = 1 + num_jittered
    # Copy 0 of each center is the undisturbed one: no shift, no noise. With 2 jittered ones and a max_shift of 2, the
    # center at cell (10, 4) may give the cells (10, 4), (12, 3) and (9, 4).
    cells = torch.floor(points + 0.5).long()[..., None, :].expand(-1, -1, -1, copies, -1)  # (B, N, G, copies, 2)
    shifts = torch.randint(-max_shift, max_shift + 1, cells.shape, device=cells.device)
    shifts[..., 0, :] = 0
    cells = (cells + shifts).reshape(num_images, -1, 2)  # (B, M, 2), M = N * G * copies
    inside = (cells[..., 0] >= 0) & (cells[..., 0] < width) & (cells[..., 1] >= 0) & (cells[..., 1] < height)
    cells = torch.stack((cells[..., 0].clamp(0, width - 1), cells[..., 1].clamp(0, height - 1)), dim=-1)

    # In the order of the cells' axes, copies innermost: 0, 0, 0, 1, 1, 1 for each instance with G = 2 and 3 copies.
    ids = torch.arange(num_centers, device=cells.device)[:, None].expand(num_instances, num_centers, copies).reshape(-1)
    keypoints = read_poses(maps.displacements, cells, ids.expand(num_images, -1), num_centers)
    # A strength per candidate, not one for all: some poses are hardly disturbed, some by a tenth of their diagonal
    # (10 cells on one of 100), and the confidence network sees all OKS in between.
    strength = max_noise * torch.rand(keypoints.shape[:2], device=cells.device)
    strength = strength.reshape(num_images, -1, copies)  # (B, N * G, copies)
    strength[..., 0] = 0
    noise = (
        torch.randn_like(keypoints) * (strength.reshape(num_images, -1) * pose_diagonals(keypoints))[..., None, None]
    )
    is_valid = valid[..., None].expand(-1, -1, -1, copies).reshape(num_images, -1) & inside  # (B, M)
    return TrainingCandidates(keypoints + noise, cells, is_valid)


def keep_some(candidates: TrainingCandidates, limit: int) -> TrainingCandidates:
    """Return at most ``limit`` candidates of each image, valid ones first, drawn at random among equals."""
    if candidates.valid.shape[1] <= limit:
        return candidates
    # Lots of valid candidates lie in [1, 2), all others below 1: 1.02 is drawn before 0.99.
    lots = torch.rand(candidates.valid.shape, device=candidates.valid.device) + candidates.valid
    picked = lots.topk(limit, dim=1).indices
    poses = picked[..., None, None].expand(-1, -1, *candidates.keypoints.shape[2:])
    return TrainingCandidates(
        keypoints=candidates.keypoints.gather(1, poses),
        cells=candidates.cells.gather(1, picked[..., None].expand(-1, -1, 2)),
        valid=candidates.valid.gather(1, picked),
    )


def join_peaks(peaks: Candidates, others: TrainingCandidates) -> TrainingCandidates:
    """Return predicted peaks and other candidates together, image by image."""
    return TrainingCandidates(
        keypoints=torch.cat((peaks.keypoints, others.keypoints), dim=1),
        cells=torch.cat((peaks.cells, others.cells), dim=1),
        valid=torch.cat((peaks.valid, others.valid), dim=1),
    )
