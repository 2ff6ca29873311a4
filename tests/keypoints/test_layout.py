"""Keypoint layouts."""

import pytest

from dualcenter_mmpose.keypoints.layout import KeypointLayout


def layout(*names):
    return KeypointLayout('set', names, tuple(range(len(names))), (0.1,) * len(names))


def test_index_by_name_and_number():
    """A keypoint is found by name or index."""
    assert layout('nose', 'neck').index('neck') == 1
    assert layout('nose', 'neck').index(0) == 0


@pytest.mark.parametrize('keypoint', ['chin', 2, -1])
def test_unknown_keypoint(keypoint):
    """An unknown keypoint is named together with the set."""
    with pytest.raises(ValueError, match="'set'"):
        layout('nose', 'neck').index(keypoint)


def test_face_precedes_skull():
    """A set with a face uses it and ignores the neck; a set without uses the skull."""
    assert layout('nose', 'neck', 'left_ear').head_keypoints() == ['nose', 'left_ear']
    assert layout('head_top', 'neck', 'left_hip').head_keypoints() == ['head_top', 'neck']
    assert layout('left_hip').head_keypoints() == []


def test_torso_needs_whole_pairs():
    """A pair with one side missing from the set is no pair."""
    assert layout('left_hip', 'right_hip', 'left_shoulder').torso_pairs() == [['left_hip', 'right_hip']]
