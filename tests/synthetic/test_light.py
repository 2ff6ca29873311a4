from __future__ import annotations

import numpy as np

from dualcenter_mmpose.synthetic.light import SETTINGS, Light, sample_light, sample_setting


class TestSampleLight:
    """Light for every setting."""

    def test_valid(self) -> None:
        """Unit directions from above the ground, no negative colours, some exposure."""
        rng = np.random.default_rng(0)
        for setting in SETTINGS:
            for _ in range(20):
                light = sample_light(rng, setting)
                np.testing.assert_allclose(np.linalg.norm(light.direction), 1.0)
                assert light.direction[1] > 0
                assert min(light.sun.min(), light.sky.min(), light.bounce.min()) > 0
                assert light.exposure.min() > 0.15
                assert 0 <= light.shadow < 1

    def test_all_settings_turn_up(self) -> None:
        """300 draws meet every setting."""
        rng = np.random.default_rng(1)
        assert {sample_setting(rng) for _ in range(300)} == set(SETTINGS)


class TestShadow:
    """How dark shadows are."""

    def test_by_hand(self) -> None:
        """Sun 0.6 from straight above over a sky of 0.3: two thirds of the light are the sun's."""
        light = Light(np.array([0.0, 1.0, 0.0]), np.full(3, 0.6), np.full(3, 0.3), np.full(3, 0.1))
        np.testing.assert_allclose(light.shadow, 2 / 3, atol=1e-5)
        assert light._replace(direction=np.array([1.0, 0.0, 0.0])).shadow == 0
