"""MMPose's containers, and the options of a test."""

import pytest
import torch

from dualcenter_mmpose.models.heads.predictions import check_test_options, pack_instances
from dualcenter_mmpose.types import PredictedInstances


def test_pack_instances():
    """Empty slots are left out; boxes are those around the keypoints."""
    keypoints = torch.tensor([[[[1.0, 2.0], [5.0, 4.0]], [[9.0, 9.0], [9.0, 9.0]]]])
    found = PredictedInstances(
        keypoints, torch.tensor([[[0.5, 0.7], [0.1, 0.1]]]), torch.tensor([[0.9, 0.0]]), torch.tensor([[True, False]])
    )
    (instances,) = pack_instances(found)
    assert instances.keypoints.tolist() == [[[1, 2], [5, 4]]]
    assert instances.bboxes.tolist() == [[1, 2, 5, 4]]
    assert instances.bbox_scores.tolist() == pytest.approx([0.9])
    assert instances.keypoint_scores[0].tolist() == pytest.approx([0.5, 0.7])


class TestOptions:
    """check_test_options."""

    def test_of_dekr(self):
        """Options that DEKR reads and this head does not are named; where to set them is said."""
        with pytest.warns(UserWarning, match=r"\['max_num_people', 'nms_dist_thr'\].*decoding.max_people"):
            check_test_options(dict(flip_test=True, nms_dist_thr=0.05, max_num_people=30))

    def test_own(self, recwarn):
        """Nothing is said of our own."""
        check_test_options(dict(flip_test=True, output_heatmaps=True))
        assert not recwarn.list

    def test_unknown(self):
        """Misspelt options are refused."""
        with pytest.raises(KeyError, match='flip_tset'):
            check_test_options(dict(flip_tset=True))
        with pytest.raises(NotImplementedError):
            check_test_options(dict(multiscale_test=True))
