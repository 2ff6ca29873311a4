"""Laws of the coordinate conversions, with the half cell worked out by hand."""

import numpy as np
import pytest
import torch

from dualcenter_mmpose.coordinates import (
    ALIGNMENTS,
    check_alignment,
    input_to_map,
    input_to_map_matrix,
    map_to_input,
    map_to_normalized,
    mirror_shift,
)


class TestInputToMap:
    """input_to_map, map_to_input."""

    def test_middle_of_a_cell(self):
        """Cell 0 of stride 4 covers pixels 0 to 3, whose middle is 1.5."""
        assert input_to_map(1.5, 4) == 0
        assert map_to_input(1.0, 4) == 5.5  # pixels 4 to 7

    def test_corner(self):
        """With corners aligned, cell 1 stands at its first pixel, 4."""
        assert map_to_input(1.0, 4, 'corner') == 4
        assert input_to_map(4.0, 4, 'corner') == 1

    @pytest.mark.parametrize('align', ALIGNMENTS)
    @pytest.mark.parametrize('stride', [1, 4, 8, 5.5])
    def test_inverse(self, align, stride):
        """The two conversions undo each other."""
        points = np.random.default_rng(0).uniform(-50, 600, (7, 2))
        there = input_to_map(points, stride, align)
        np.testing.assert_allclose(map_to_input(there, stride, align), points, atol=1e-9)

    @pytest.mark.parametrize('align', ALIGNMENTS)
    def test_matrix_agrees(self, align):
        """The matrix does what the function does."""
        points = np.random.default_rng(1).uniform(0, 512, (5, 2))
        matrix = input_to_map_matrix(4, align)
        moved = points @ matrix[:2, :2].T + matrix[:2, 2]
        np.testing.assert_allclose(moved, input_to_map(points, 4, align), atol=1e-9)

    @pytest.mark.parametrize(('scale', 'stride'), [(2, 8), (0.5, 2)])
    def test_area_reduction_keeps_cells(self, scale, stride):
        """A pixel of the reduced image lies in the same place of the map as the pixels it was made of."""
        x_nominal = 100.0
        x_level = map_to_input(x_nominal, scale) if scale > 1 else input_to_map(x_nominal, 1 / scale)
        assert input_to_map(x_level, stride) == pytest.approx(input_to_map(x_nominal, 4))


class TestNormalized:
    """map_to_normalized."""

    def test_first_and_last_cell(self):
        """On 4 cells the middles of the first and last cell are at -0.75 and 0.75."""
        ends = map_to_normalized(torch.tensor([[0.0, 0.0], [3.0, 3.0]]), (4, 4))
        assert ends.tolist() == [[-0.75, -0.75], [0.75, 0.75]]

    def test_grid_sample_reads_cells(self):
        """grid_sample at a cell's coordinates returns that cell, and the mean of two between them."""
        ramp = torch.arange(12.0).reshape(1, 1, 3, 4)
        cells = torch.tensor([[[[2.0, 1.0], [0.5, 2.0]]]])
        read = torch.nn.functional.grid_sample(ramp, map_to_normalized(cells, (4, 3)), align_corners=False)
        assert read.flatten().tolist() == pytest.approx([6.0, 8.5])


class TestMirrorShift:
    """mirror_shift."""

    @pytest.mark.parametrize('align', ALIGNMENTS)
    def test_law(self, align):
        """Mirroring pixels and mirroring cells differ by exactly the shift."""
        width, stride, cell = 128, 4, 5.0
        pixel = map_to_input(cell, stride, align)
        mirrored_cell = input_to_map(width - 1 - pixel, stride, align)
        assert mirrored_cell - (width / stride - 1 - cell) == pytest.approx(mirror_shift(stride, align))


def test_unknown_alignment():
    """An unknown rule is refused by name."""
    with pytest.raises(ValueError, match="'middle'"):
        check_alignment('middle')
