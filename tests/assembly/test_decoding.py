"""Maps to people in one call; the codec's round trips test the values further."""

import pytest
import torch

from dualcenter_mmpose.assembly.decoding import DecodingOptions, decode_people
from dualcenter_mmpose.assembly.types import DenseMaps

KAPPAS = (0.05, 0.1)


def make_maps(*peaks, size=16):
    """Return maps of 2 keypoints and 2 centers with (center, x, y, heat) peaks; keypoints 3 cells left and right."""
    heatmaps = torch.zeros(1, 4, size, size)
    for center, x, y, heat in peaks:
        heatmaps[0, 2 + center, y, x] = heat
    displacements = torch.zeros(1, 2, 2, 2, size, size)
    displacements[:, :, 0, 0], displacements[:, :, 1, 0] = -3, 3
    return DenseMaps(heatmaps, displacements.flatten(1, 3))


class TestDecodePeople:
    """decode_people."""

    def test_two_centers_of_one_person(self):
        """Poses of both centers in one place are one person; the better center's pose stands for it."""
        people = decode_people(make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5)), KAPPAS, 4, 'center', DecodingOptions())
        assert people.valid.sum() == 1
        assert people.keypoints[0, 0].tolist() == [[21.5, 33.5], [45.5, 33.5]]
        assert people.scores[0, 0].item() == pytest.approx(0.7)

    def test_threshold(self):
        """Above an OKS of 1 nothing is grouped."""
        options = DecodingOptions(group_thr=1.0)
        people = decode_people(make_maps((0, 8, 8, 0.9), (1, 8, 8, 0.5)), KAPPAS, 4, 'center', options)
        assert people.valid.sum() == 2

    def test_nobody(self):
        """Empty maps hold nobody."""
        assert not decode_people(make_maps(), KAPPAS, 4, 'center', DecodingOptions()).valid.any()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(max_candidates=0), 'max_candidates must be at least 1, got 0'),
        (dict(max_people=-1), 'max_people'),
        (dict(peak_kernel=2), 'odd number, got 2'),
        (dict(instance_score='best'), "got 'best'"),
    ],
)
def test_bad_options(options, message):
    """Each value out of range is named."""
    with pytest.raises(ValueError, match=message):
        DecodingOptions(**options)
