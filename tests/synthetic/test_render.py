from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.appearance import Materials
from dualcenter_mmpose.synthetic.raster import Window, rasterise
from dualcenter_mmpose.synthetic.render import (
    Layer,
    Skinning,
    lay_over,
    make_layer,
    overlap,
    shade,
    surface_frame,
)
from dualcenter_mmpose.synthetic.things import round_capsules
from tests.reference.figures import DAYLIGHT

WINDOW = Window(0, 0, 60, 50)
BALL = round_capsules(np.array([[30.0, 25, 0]]), np.array([[30.0, 25.01, 0]]), np.full((1, 2), 18.0))
GREY = Materials(
    np.full((1, 3), 120.0), np.full((1, 3), 120.0), np.zeros(1, dtype=np.int64), np.ones(1), np.zeros(1), np.zeros(1)
)
COVER = Skinning(np.zeros(1, dtype=np.int64), np.zeros(1), GREY)


def layer_of(alpha: int, value: int = 200) -> Layer:
    color = np.full((4, 6, 3), value * alpha // 255, np.uint8)
    return Layer(Window(2, 3, 6, 4), color, np.full((4, 6), alpha, np.uint8), np.full((4, 6), alpha > 127))


class TestSurfaceFrame:
    """Normals of what is seen."""

    def test_ball(self) -> None:
        """On a ball the normal points from its centre: (offset / radius)."""
        surface = rasterise(BALL, WINDOW)
        points = tuple(np.array([v], dtype=np.float32) for v in (39.0, 25.0, surface.depth[25, 39]))
        normal, _, _ = surface_frame(BALL, np.zeros(1, dtype=np.intp), points)
        np.testing.assert_allclose(normal[:, 0], [0.5, 0.0, -np.sqrt(0.75)], atol=2e-3)

    def test_taper(self) -> None:
        """On a level cone from radius 10 to 6 over 20 px the normal leans by the sine 0.2 towards the thin end."""
        cone = round_capsules(np.array([[20.0, 25, 0]]), np.array([[40.0, 25, 0]]), np.array([[10.0, 6.0]]))
        surface = rasterise(cone, WINDOW)
        points = tuple(np.array([v], dtype=np.float32) for v in (30.0, 25.0, surface.depth[25, 30]))
        normal, _, along = surface_frame(cone, np.zeros(1, dtype=np.intp), points)
        np.testing.assert_allclose(normal[:, 0], [0.2, 0.0, -np.sqrt(1 - 0.04)], atol=1e-3)
        assert along[0] == pytest.approx(10.0, abs=1e-3)


class TestShade:
    """Light falls from where it comes."""

    def test_nothing(self) -> None:
        """No surface, no colour."""
        far = WINDOW._replace(x0=500)
        assert not shade(rasterise(BALL, far), BALL, far, COVER, DAYLIGHT, 100.0).any()

    @pytest.mark.parametrize(('direction', 'brighter', 'darker'), [((-1, 0, 0), 20, 40), ((1, 0, 0), 40, 20)])
    def test_lit_side(self, direction: tuple[float, ...], brighter: int, darker: int) -> None:
        """The side towards the light is much brighter than the other."""
        light = DAYLIGHT._replace(direction=np.array(direction, dtype=np.float64))
        color = shade(rasterise(BALL, WINDOW), BALL, WINDOW, COVER, light, 100.0).astype(int)
        assert (color[25, brighter] > color[25, darker] + 25).all()

    def test_sky_is_above(self) -> None:
        """Without sun, under a bright sky over a dark ground, the top is brighter than the bottom."""
        light = DAYLIGHT._replace(sun=np.zeros(3), sky=np.full(3, 0.9), bounce=np.full(3, 0.1))
        color = shade(rasterise(BALL, WINDOW), BALL, WINDOW, COVER, light, 100.0).astype(int)
        assert (color[12, 30] > color[38, 30] + 25).all()

    def test_colors_stay_in_their_channels(self) -> None:
        """A red ball in white light shows no green and no blue."""
        red = GREY._replace(color=np.array([[0.0, 0.0, 200.0]]), second=np.array([[0.0, 0.0, 200.0]]))
        light = DAYLIGHT._replace(direction=np.array([0.0, 0.0, -1.0]))
        color = shade(rasterise(BALL, WINDOW), BALL, WINDOW, COVER._replace(materials=red), light, 100.0)
        assert not color[..., :2].any()
        assert color[25, 30, 2] > 100


class TestMakeLayer:
    """Samples to pixels."""

    def test_average(self) -> None:
        """Of four samples two are covered: half the colour, half the alpha; 3 of 4 counted belong to the mask."""
        covered = np.array([[1, 1], [0, 0]], dtype=bool)
        color = np.where(covered[..., None], 100, 0).astype(np.uint8).repeat(3, axis=2)
        layer = make_layer(Window(0, 0, 1, 1, 2), color, covered, np.array([[1, 1], [1, 0]], dtype=bool))
        assert layer.alpha[0, 0] in (127, 128)
        assert layer.color[0, 0].tolist() == [50, 50, 50]
        assert layer.mask[0, 0]

    def test_no_halo(self) -> None:
        """Colour never exceeds alpha's share of the brightest colour, so edges do not glow."""
        covered = rasterise(BALL, WINDOW).part >= 0
        layer = make_layer(
            WINDOW, np.where(covered[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2), covered, covered
        )
        assert (layer.color.max(axis=2) <= layer.alpha).all()


class TestLayOver:
    """Premultiplied layers over images."""

    @pytest.mark.parametrize(('alpha', 'wanted'), [(0, 80), (255, 200)])
    def test_ends(self, alpha: int, wanted: int) -> None:
        """Alpha 0 leaves the image, alpha 255 replaces it, and nothing outside the window changes."""
        image = np.full((10, 12, 3), 80, np.uint8)
        lay_over(image, layer_of(alpha))
        assert (image[3:7, 2:8] == wanted).all()
        image[3:7, 2:8] = 80
        assert (image == 80).all()

    def test_half(self) -> None:
        """Alpha 51 of 255 mixes 1 : 4: 0.2 * 200 + 0.8 * 80 = 104."""
        image = np.full((10, 12, 3), 80, np.uint8)
        lay_over(image, layer_of(51))
        assert np.abs(image[4, 4].astype(int) - 104).max() <= 1

    @pytest.mark.parametrize(('x0', 'y0'), [(-3, 0), (9, 8), (-50, 0), (0, 99)])
    def test_cut(self, x0: int, y0: int) -> None:
        """Layers that reach out of the image, or lie outside, are cut."""
        image = np.full((10, 12, 3), 80, np.uint8)
        layer = layer_of(255)
        lay_over(image, layer._replace(window=layer.window._replace(x0=x0, y0=y0)))
        target, _ = overlap(image.shape[:2], Window(x0, y0, 6, 4))
        assert (image == 200).all(axis=2).sum() == image[target].shape[0] * image[target].shape[1]
