from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.background import color_table, flat_texture, ground_texture, paint_background
from dualcenter_mmpose.synthetic.light import SETTINGS
from tests.reference.figures import person, scene, standing


class TestColorTable:
    """From grey to colour."""

    def test_two_stops(self) -> None:
        """Black to (0, 100, 200): grey 51 of 255 is a fifth of the way."""
        table = color_table((0, 0, 0), (0, 100, 200))
        assert table.shape == (256, 1, 3)
        assert table[0, 0].tolist() == [0, 0, 0]
        assert table[51, 0].tolist() == [0, 20, 40]
        assert table[255, 0].tolist() == [0, 100, 200]

    def test_three_stops(self) -> None:
        """The middle stop is met at grey 127.5."""
        assert 98 <= color_table((0, 0, 0), (100, 100, 100), (0, 0, 0))[127, 0, 0] <= 100


class TestFlatTexture:
    """Patches of tiles."""

    def test_repeats(self) -> None:
        """A tile that repeats every 64 px equals itself 64 px on."""
        patch = flat_texture(np.random.default_rng(0), 'bricks', 200, 150, 64)
        assert patch.shape == (150, 200)
        np.testing.assert_array_equal(patch[:, :64], patch[:, 64:128])
        np.testing.assert_array_equal(patch[:64], patch[64:128])


class TestGroundTexture:
    """The ground in perspective."""

    def test_far_is_calm(self) -> None:
        """Near the horizon bricks blend into one tone; at the bottom, 3 m away, they stand out."""
        ground = ground_texture(scene(size=(200, 220)), np.random.default_rng(0), 'bricks', 1.0, 101).astype(float)
        assert ground.shape == (119, 200)
        assert ground[:6].std(axis=1).mean() < 0.5 * ground[60:].std(axis=1).mean()


class TestPaintBackground:
    """Every setting paints the whole image."""

    @pytest.mark.parametrize('setting', SETTINGS)
    def test_settings(self, setting: str) -> None:
        """The size is the scene's, colours vary, and the same random numbers give the same picture."""
        plan = scene(person(standing()))._replace(setting=setting)
        one, two = (paint_background(plan, np.random.default_rng(7)) for _ in range(2))
        assert one.shape == (200, 200, 3)
        assert one.dtype == np.uint8
        assert one.std() > 5
        np.testing.assert_array_equal(one, two)
        assert (paint_background(plan, np.random.default_rng(8)) != one).any()

    @pytest.mark.parametrize('center_y', [-400.0, 900.0])
    def test_horizon_outside(self, center_y: float) -> None:
        """A horizon above or below the image is no problem in any setting."""
        plan = scene(person(standing()))
        for setting in SETTINGS:
            camera = plan.camera._replace(center_xy=(100.0, center_y))
            paint_background(plan._replace(setting=setting, camera=camera), np.random.default_rng(0))
