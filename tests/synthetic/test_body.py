from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic import appearance as look
from dualcenter_mmpose.synthetic.appearance import Outfit, sample_outfit
from dualcenter_mmpose.synthetic.body import build_parts
from dualcenter_mmpose.synthetic.parts import Parts, place_parts
from dualcenter_mmpose.synthetic.raster import Window, rasterise
from tests.reference.figures import AVERAGE, EYE_LEVEL, standing

PLAIN = sample_outfit(np.random.default_rng(0), AVERAGE)._replace(
    sleeve=0.5, leg=1.0, skirt=0.0, sock=0.0, front='plain', hair='short', hat='', beard=False, glasses=False, thing=''
)


def share_of(outfit: Outfit, material: int, yaw: float = 0.0) -> float:
    """Return the share of a standing person's samples that show a material."""
    parts = build_parts(AVERAGE, outfit)
    surface = rasterise(place_parts(parts, EYE_LEVEL.view(standing(yaw), 1.75)), Window(0, 0, 200, 200))
    seen = parts.material[surface.part[surface.part >= 0]]
    return float((seen == material).mean())


class TestBuildParts:
    """Clothes cover what they say."""

    def test_affine(self) -> None:
        """Weights of ends sum to 1, of directions to 0, so that parts ride on the figure, for every hat and thing."""
        for seed in range(30):
            parts: Parts = build_parts(AVERAGE, sample_outfit(np.random.default_rng(seed), AVERAGE))
            np.testing.assert_allclose(parts.start.sum(axis=1), 1.0, atol=1e-9)
            np.testing.assert_allclose(parts.stop.sum(axis=1), 1.0, atol=1e-9)
            np.testing.assert_allclose(parts.lateral.sum(axis=1), 0.0, atol=1e-9)
            assert (parts.radii > 0).all()
            assert (parts.flatten > 0).all()

    def test_longer_sleeves_show_less_skin(self) -> None:
        """From bare chest over short to long sleeves the share of skin falls."""
        shares = [share_of(PLAIN._replace(sleeve=sleeve), look.SKIN) for sleeve in (-1.0, 0.5, 1.0, 1.9)]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > shares[-1] + 0.15

    def test_longer_legs_show_less_skin(self) -> None:
        """From shorts to trousers too."""
        shares = [share_of(PLAIN._replace(leg=leg), look.SKIN) for leg in (0.3, 1.0, 1.9)]
        assert shares == sorted(shares, reverse=True)

    def test_skirt(self) -> None:
        """A knee-length skirt shows more cloth below the waist than shorts as short as its lining."""
        shorts = share_of(PLAIN._replace(leg=0.25), look.BOTTOM)
        assert share_of(PLAIN._replace(leg=0.25, skirt=1.0), look.BOTTOM) > 1.5 * shorts

    @pytest.mark.parametrize('front', ['open', 'tie', 'zip'])
    def test_front_is_in_front(self, front: str) -> None:
        """What an open jacket, a tie or a zip shows is seen from the front only."""
        material = look.SOLE if front == 'zip' else look.INNER
        outfit = PLAIN._replace(front=front)
        assert share_of(outfit, material) > share_of(PLAIN, material) + 0.001
        assert share_of(outfit, material, yaw=180.0) == pytest.approx(share_of(PLAIN, material, yaw=180.0), abs=1e-3)

    @pytest.mark.parametrize('thing', ['backpack', 'bag', 'ball', 'board', 'stick'])
    def test_things_are_no_body(self, thing: str) -> None:
        """Things worn or held have materials of their own."""
        assert share_of(PLAIN._replace(thing=thing), look.THING, yaw=150.0) > 0.01
        assert share_of(PLAIN, look.THING) == 0
