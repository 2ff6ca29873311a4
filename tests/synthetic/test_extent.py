from __future__ import annotations

import numpy as np
import pytest

from dualcenter_mmpose.synthetic.camera import View
from dualcenter_mmpose.synthetic.compose import render_person
from dualcenter_mmpose.synthetic.extent import figure_boxes
from dualcenter_mmpose.synthetic.scene import box_area
from tests.reference.figures import AVERAGE, DAYLIGHT, EYE_LEVEL, person, standing


class TestFigureBoxes:
    """Boxes as drawing would find them."""

    @pytest.mark.parametrize('yaw', [0.0, 60.0, 180.0])
    @pytest.mark.parametrize('x', [0.0, -1.0, 0.9])
    def test_equals_drawing(self, yaw: float, x: float) -> None:
        """Inside the image and cut by its border, each side is within 4 px of the drawn mask's, 175 px tall."""
        somebody = person(standing(yaw, x))
        drawn = render_person(somebody, DAYLIGHT, (200, 200))
        assert drawn is not None
        layer = drawn[0]
        rows, columns = np.nonzero(layer.mask)
        found = [columns.min() + layer.window.x0, rows.min() + layer.window.y0]
        found += [columns.max() + layer.window.x0, rows.max() + layer.window.y0]
        _, box = figure_boxes(somebody.view, 200, 200)
        np.testing.assert_allclose(box, np.add(found, (-0.5, -0.5, 0.5, 0.5)), atol=4)

    def test_outside(self) -> None:
        """A figure beside the image shows nothing, though it has a box."""
        view = EYE_LEVEL.view(standing(x=30.0), AVERAGE.stature)
        whole, box = figure_boxes(view, 200, 200)
        assert box_area(box) == 0
        assert box_area(whole) > 1000

    def test_scales(self) -> None:
        """Twice the pixels give twice the box."""
        view = EYE_LEVEL.view(standing(), AVERAGE.stature)
        whole, _ = figure_boxes(view, 200, 200)
        double, _ = figure_boxes(View(view.points * 2, view.scale * 2), 200, 200)
        np.testing.assert_allclose(double, 2 * whole)
