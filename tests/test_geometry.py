"""Size of poses."""

import torch

from dualcenter_mmpose.geometry import pose_areas, pose_diagonals, pose_extents, tight_boxes

POSE = torch.tensor([[1.0, 2.0], [4.0, 6.0], [2.0, 3.0]])


def test_all_keypoints():
    """A box of 3 x 4 has a diagonal of 5 and an area of 12."""
    assert tight_boxes(POSE).tolist() == [1, 2, 4, 6]
    assert pose_extents(POSE).tolist() == [3, 4]
    assert pose_diagonals(POSE).item() == 5
    assert pose_areas(POSE).item() == 12
    assert pose_areas(POSE, min_area=64.0).item() == 64


def test_labelled_keypoints_alone():
    """Without the second keypoint the box is 1 x 1; without any it has no size."""
    poses = POSE.expand(2, 3, 2)
    labelled = torch.tensor([[True, False, True], [False, False, False]])
    assert pose_extents(poses, labelled).tolist() == [[1, 1], [0, 0]]
    assert pose_diagonals(poses, labelled)[1].item() == 0
