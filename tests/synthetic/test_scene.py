from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.scene import box_area, clip_box, size_bucket


class TestSizeBucket:
    """(0, 64^2], (64^2, 128^2], above."""

    @pytest.mark.parametrize(('area', 'bucket'), [(1, 0), (4096, 0), (4097, 1), (16384, 1), (16385, 2), (1e6, 2)])
    def test_edges(self, area: float, bucket: int) -> None:
        """The upper ends belong to the lower class."""
        assert size_bucket(area) == bucket


class TestBoxes:
    """Boxes in image px."""

    def test_area(self) -> None:
        """Width times height, nothing for an empty or inverted box."""
        assert box_area(np.array([1.0, 2.0, 4.0, 4.0])) == 6
        assert box_area(np.array([4.0, 2.0, 1.0, 1.0])) == 0

    def test_clip(self) -> None:
        """An image of 10 x 8 px reaches from -0.5 to 9.5 and 7.5; the argument stays."""
        box = np.array([-5.0, 2.0, 50.0, 60.0])
        np.testing.assert_array_equal(clip_box(box, 10, 8), [-0.5, 2.0, 9.5, 7.5])
        np.testing.assert_array_equal(box, [-5.0, 2.0, 50.0, 60.0])
