from __future__ import annotations

import numpy as np

from dualcenter_mmpose.synthetic.appearance import NUM_MATERIALS, SKIN, sample_color, sample_outfit
from dualcenter_mmpose.synthetic.skeleton import sample_physique
from dualcenter_mmpose.synthetic.textures import CLOTH_NAMES


class TestSampleColor:
    """BGR in range."""

    def test_range(self) -> None:
        """Every channel of 300 colours lies in [0, 255], vivid or sober."""
        rng = np.random.default_rng(0)
        colors = np.array([sample_color(rng, vivid) for vivid in (0.0, 0.5, 1.0) for _ in range(100)])
        assert colors.shape == (300, 3)
        assert colors.min() >= 0
        assert colors.max() <= 255

    def test_vivid(self) -> None:
        """Vivid colours are more saturated than sober ones."""
        rng = np.random.default_rng(1)
        vivid, sober = (np.mean([np.ptp(sample_color(rng, share)) for _ in range(100)]) for share in (1.0, 0.0))
        assert vivid > 2 * sober


class TestSampleOutfit:
    """Complete outfits of many kinds."""

    def test_materials(self) -> None:
        """One row per material, colours in range, patterns that exist, folds too weak to turn cloth dark."""
        rng = np.random.default_rng(2)
        for _ in range(50):
            materials = sample_outfit(rng, sample_physique(rng)).materials
            assert materials.color.shape == materials.second.shape == (NUM_MATERIALS, 3)
            assert materials.color.min() >= 0
            assert materials.color.max() <= 255
            assert materials.second.min() >= 0
            assert materials.second.max() <= 255
            assert set(materials.pattern) <= set(range(len(CLOTH_NAMES)))
            assert materials.folds.max() < 0.5

    def test_variety(self) -> None:
        """Among 300 people there are all sleeve lengths, skirts, bare heads and hats, and dark and light skin."""
        rng = np.random.default_rng(3)
        outfits = [sample_outfit(rng, sample_physique(rng)) for _ in range(300)]
        assert {round(outfit.sleeve, 1) for outfit in outfits} >= {0.0, 0.6, 0.8, 1.9}
        assert 0.03 < np.mean([outfit.skirt > 0 for outfit in outfits]) < 0.35
        assert {outfit.hat for outfit in outfits} >= {'', 'cap', 'helmet', 'beanie'}
        tones = [outfit.materials.color[SKIN].mean() for outfit in outfits]
        assert min(tones) < 70
        assert max(tones) > 180

    def test_seeded(self) -> None:
        """The same generator state gives the same outfit."""
        one, two = (sample_outfit(rng, sample_physique(rng)) for rng in map(np.random.default_rng, (4, 4)))
        assert one[:-1] == two[:-1]
        np.testing.assert_array_equal(one.materials.color, two.materials.color)
