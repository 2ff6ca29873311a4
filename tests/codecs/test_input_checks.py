"""What codecs refuse."""

import numpy as np
import pytest

from dualcenter_mmpose.codecs.input_checks import check_input_size, check_keypoints, check_mirroring
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout
from tests.helpers import CROWDPOSE


class TestInputSize:
    """check_input_size."""

    def test_returns_a_pair(self):
        """A config may write a list; what is compared later is a tuple."""
        assert check_input_size([128, 64]) == (128, 64)

    @pytest.mark.parametrize('size', [(100, 128), (128, 100)])
    def test_not_divisible(self, size):
        """HRNet halves five times."""
        with pytest.raises(ValueError, match=rf'multiples of 32 .* got \({size[0]}, {size[1]}\)'):
            check_input_size(size)


class TestKeypoints:
    """check_keypoints."""

    @pytest.mark.parametrize('shape', [(0, 14, 2), (3, 14, 2)])
    def test_right(self, shape):
        """Any number of instances, none included."""
        check_keypoints(np.zeros(shape), load_keypoint_layout(CROWDPOSE))

    @pytest.mark.parametrize('shape', [(1, 17, 2), (1, 14, 3), (14, 2)])
    def test_wrong(self, shape):
        """Another number of keypoints, visibilities beside them, a single instance without its axis."""
        with pytest.raises(ValueError, match=r"\(N, 14, 2\) for the keypoint set 'crowdpose'"):
            check_keypoints(np.zeros(shape), load_keypoint_layout(CROWDPOSE))


class TestMirroring:
    """check_mirroring."""

    @pytest.mark.parametrize(('flip', 'size'), [(True, (64, 64)), (False, (128, 64)), (None, (128, 64))])
    def test_right(self, flip, size):
        """Squares may be mirrored, other images stay as they are."""
        check_mirroring(flip, size)

    def test_wrong(self):
        """MMPose's RandomFlip mirrors keypoints about the middle of the other side."""
        with pytest.raises(ValueError, match='mirrored keypoints of a 128 x 64 image are wrong'):
            check_mirroring(True, (128, 64))
