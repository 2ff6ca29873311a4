"""Keypoint layouts from MMPose's metainfo."""

import pytest

from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout
from tests.helpers import COCO, CROWDPOSE, small_layout


def test_coco():
    """COCO has 17 keypoints; the nose mirrors to itself, the left eye to the right."""
    layout = load_keypoint_layout(COCO)
    assert (layout.name, layout.num_keypoints) == ('coco', 17)
    assert layout.flip_indices[:3] == (0, 2, 1)
    assert layout.oks_sigmas[0] == pytest.approx(0.026)


def test_crowdpose():
    """CrowdPose has 14."""
    assert load_keypoint_layout(CROWDPOSE).num_keypoints == 14


def test_missing_file():
    """A file that nobody has is named."""
    with pytest.raises(FileNotFoundError, match=r'nowhere\.py'):
        load_keypoint_layout(dict(from_file='nowhere.py'))


def test_incomplete():
    """A description without sigmas is refused, and so is one with too few."""
    metainfo = small_layout()
    with pytest.raises(ValueError, match='3 keypoints but 2 sigmas'):
        load_keypoint_layout({**metainfo, 'sigmas': [0.1, 0.1]})
    del metainfo['sigmas']
    with pytest.raises(ValueError, match='metainfo needs dataset_name'):
        load_keypoint_layout(metainfo)
