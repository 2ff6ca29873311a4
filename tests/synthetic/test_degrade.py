from __future__ import annotations

import cv2
import numpy as np
import pytest

from dualcenter_mmpose.synthetic.degrade import degrade, encode_jpeg, sample_quality

PICTURE = np.random.default_rng(0).integers(40, 210, (12, 16, 3)).repeat(12, axis=0).repeat(12, axis=1).astype(np.uint8)


class TestDegrade:
    """Spoilt, but still the same picture."""

    @pytest.mark.parametrize('seed', range(12))
    def test_recognisable(self, seed: int) -> None:
        """Size and type stay; brightness patterns agree with the original's (correlation above 0.8)."""
        before = PICTURE.copy()
        spoilt = degrade(PICTURE, np.random.default_rng(seed))
        assert spoilt.shape == PICTURE.shape
        assert spoilt.dtype == np.uint8
        greys = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).ravel().astype(float) for image in (PICTURE, spoilt)]
        assert np.corrcoef(greys)[0, 1] > 0.8
        np.testing.assert_array_equal(PICTURE, before)

    def test_nothing_moves(self) -> None:
        """A white dot stays within a pixel of its place, on average over its light."""
        dot = np.full((101, 101, 3), 30, np.uint8)
        dot[50, 60] = 255
        for seed in range(30):
            light = degrade(dot, np.random.default_rng(seed))[44:57, 54:67].astype(float).sum(axis=2)
            light -= np.median(light)
            light[light < 0.25 * light.max()] = 0
            rows, columns = np.indices(light.shape)
            assert abs((rows * light).sum() / light.sum() - 6) < 1
            assert abs((columns * light).sum() / light.sum() - 6) < 1

    @pytest.mark.parametrize('shape', [(40, 900, 3), (1000, 30, 3)])
    def test_large(self, shape: tuple[int, ...]) -> None:
        """Images larger than the noise tile work too."""
        assert degrade(np.full(shape, 90, np.uint8), np.random.default_rng(1)).shape == shape

    def test_seeded(self) -> None:
        """The same random numbers spoil in the same way."""
        one, two = (degrade(PICTURE, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(one, two)


class TestEncodeJpeg:
    """Files of the quality asked for."""

    def test_quality(self) -> None:
        """Higher quality is larger, and both decode to the picture's size."""
        small, large = (encode_jpeg(PICTURE, quality) for quality in (30, 95))
        assert len(small) < len(large)
        assert cv2.imdecode(small, cv2.IMREAD_COLOR).shape == PICTURE.shape

    def test_range(self) -> None:
        """Qualities lie between 60 and 95."""
        rng = np.random.default_rng(0)
        qualities = {sample_quality(rng) for _ in range(500)}
        assert min(qualities) == 60
        assert max(qualities) == 95
