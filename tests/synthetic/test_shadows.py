from __future__ import annotations

import numpy as np

from dualcenter_mmpose.synthetic.shadows import cast_shadows
from dualcenter_mmpose.synthetic.skeleton import POINT
from tests.reference.figures import DAYLIGHT, person, scene, standing


class TestCastShadows:
    """Dark where feet are, and where the sun is kept off."""

    def test_nobody(self) -> None:
        """Without people and things the image stays."""
        image = np.full((200, 200, 3), 180, np.uint8)
        cast_shadows(image, scene())
        assert (image == 180).all()

    def test_under_the_feet(self) -> None:
        """The ground at the heels gets darker, the sky does not."""
        somebody = person(standing())
        image = np.full((200, 200, 3), 180, np.uint8)
        cast_shadows(image, scene(somebody))
        x, y = np.round(somebody.view.points[POINT['left_heel'], :2]).astype(int)
        assert image[y + 1, x, 0] < 140
        assert (image[:60] == 180).all()

    def test_away_from_the_sun(self) -> None:
        """Sun from the left throws the shadow to the right."""
        light = DAYLIGHT._replace(direction=np.array([-0.8, 0.6, 0.0]), sun=np.full(3, 2.0))
        image = np.full((200, 200, 3), 180, np.uint8)
        cast_shadows(image, scene(person(standing(distance=6.0)))._replace(light=light))
        dark = 180 - image[..., 0].astype(float)
        assert dark[:, 120:].sum() > 3 * dark[:, :80].sum()
