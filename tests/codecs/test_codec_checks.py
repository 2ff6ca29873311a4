"""Checks of a codec's options."""

import pytest

from dualcenter_mmpose.codecs.codec_checks import check_same_grid, check_sizes, resolve_places


def test_stride():
    """Input px per cell, the same both ways."""
    assert check_sizes((512, 256), (128, 64)) == 4
    with pytest.raises(ValueError, match='same stride'):
        check_sizes((512, 256), (128, 128))


def test_places_by_group():
    """In the order of the groups, None for those without; unknown names are refused."""
    assert resolve_places(dict(body=(0.5, 0.4)), ['head', 'body']) == (None, (0.5, 0.4))
    with pytest.raises(ValueError, match=r"\['feet'\]"):
        resolve_places(dict(feet=(0, 1)), ['head'])


def test_grid_of_a_width_that_is_no_multiple_of_eight():
    """Twelve cells take two bytes."""
    check_same_grid((48, 64), (1, 16, 2), (48, 64), (12, 16))
    with pytest.raises(ValueError, match='mask of 16 x about 8'):
        check_same_grid((48, 64), (1, 16, 1), (48, 64), (12, 16))
