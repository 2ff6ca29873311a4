from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.textures import (
    CLOTH_NAMES,
    NOISE,
    SCENERY_NAMES,
    TILE,
    load_textures,
    make_noise,
)


class TestMakeNoise:
    """Seamless noise."""

    @pytest.mark.parametrize('power', [0.5, 1.5])
    def test_wraps(self, power: float) -> None:
        """The step from the last row to the first is no larger than steps inside."""
        tile = make_noise(np.random.default_rng(0), power)
        inside = np.abs(np.diff(tile, axis=0)).mean()
        assert np.abs(tile[0] - tile[-1]).mean() < 1.3 * inside
        assert tile.min() >= 0
        assert tile.max() <= 1

    def test_power(self) -> None:
        """A higher power is smoother."""
        rough, smooth = (make_noise(np.random.default_rng(0), power) for power in (0.5, 2.0))
        assert np.abs(np.diff(smooth)).mean() < 0.3 * np.abs(np.diff(rough)).mean()


class TestLoadTextures:
    """All tiles, once."""

    def test_shapes(self) -> None:
        """One tile per name; folds are about zero; noise has the deviation 32."""
        textures = load_textures()
        assert textures.cloth.shape == (len(CLOTH_NAMES), TILE, TILE)
        assert textures.scenery.shape == (len(SCENERY_NAMES), 4, TILE, TILE)
        assert abs(float(textures.folds.mean())) < 1e-3
        assert textures.noise.shape == (NOISE, NOISE, 3)
        assert float(textures.noise.std()) == pytest.approx(32, abs=0.5)

    def test_levels_get_smoother(self) -> None:
        """Each coarser copy of a tile has no more contrast."""
        deviations = load_textures().scenery.astype(float).std(axis=(2, 3))
        assert (np.diff(deviations, axis=1) <= 0).all()

    def test_plain_cloth_is_plain(self) -> None:
        """The pattern 'plain' has no second colour, the others have some."""
        shares = load_textures().cloth.mean(axis=(1, 2))
        assert shares[CLOTH_NAMES.index('plain')] == 0
        assert (shares[1:] > 0.02).all()
