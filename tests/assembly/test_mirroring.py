"""Maps of the mirrored image, turned back; the head's tests hold the law on targets of whole scenes."""

import torch

from dualcenter_mmpose.assembly.mirroring import turn_back
from dualcenter_mmpose.types import DenseMaps

SWAPPED = (0, 2, 1)


def test_cells_sides_and_signs():
    """A peak of the left hip at x = 1 of 5 becomes the right hip's at x = 3; its vector points the other way."""
    heatmaps, displacements = torch.zeros(1, 4, 2, 5), torch.zeros(1, 6, 2, 5)
    heatmaps[0, 1, 0, 1] = 1  # left hip
    heatmaps[0, 3, 1, 0] = 0.5  # the center
    displacements[0, 2:4, 0, 1] = torch.tensor([2.0, 7.0])  # to the left hip: x, y
    turned = turn_back(DenseMaps(heatmaps, displacements), SWAPPED, 1, 0.0)
    assert turned.heatmaps.nonzero().tolist() == [[0, 2, 0, 3], [0, 3, 1, 4]]
    assert turned.displacements[0, 4:6, 0, 3].tolist() == [-2, 7]


def test_shift():
    """Three quarters of a cell: heatmaps move one cell to the right, vectors grow by exactly as much."""
    heatmaps = torch.tensor([0.0, 1.0, 2.0, 3.0]).reshape(1, 1, 1, 4).expand(1, 4, 1, 4)
    turned = turn_back(DenseMaps(heatmaps, torch.ones(1, 6, 1, 4)), SWAPPED, 1, 0.75)
    assert turned.heatmaps[0, 0, 0].tolist() == [3, 3, 2, 1]
    assert turned.displacements[0, :, 0, 0].tolist() == [-0.25, 1, -0.25, 1, -0.25, 1]
