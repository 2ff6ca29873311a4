"""What heads of bottom-up methods share."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from dualcenter_mmpose.models.heads.bottom_up_head import (
    BottomUpHead,
    check_map_shape,
    check_test_options,
    pack_instances,
)
from dualcenter_mmpose.models.heads.dual_center_head import DEKR_TEST_OPTIONS
from dualcenter_mmpose.types import PredictedInstances
from tests.helpers import CROWDPOSE, codec_config


def make_instances(valid):
    """Return instances of which each image has some: keypoints (0, 0), (1, 2), (2, 4), ... of every one."""
    valid = torch.tensor(valid)
    shape = valid.shape
    keypoints = torch.arange(17.0)[:, None] * torch.tensor([1.0, 2.0])
    scores = torch.linspace(0.9, 0.1, valid.numel()).reshape(shape)
    return PredictedInstances(keypoints.expand(*shape, 17, 2), scores[..., None].expand(*shape, 17), scores, valid)


class FixedHead(BottomUpHead):
    """Finds two instances in one image and none in the other."""

    def predict_instances(self, feats, flip_test=False):
        """Give the arguments in place of maps."""
        return make_instances([[True, True], [False, False]]), (feats, flip_test)

    def pack_maps(self, maps):
        """Pack a map per image, filled with whether the mirrored view is wanted."""
        return [PixelData(heatmaps=torch.full((1, 2, 3), float(maps[1]))) for _ in range(2)]

    def forward(self, feats):
        """Not needed here."""

    def loss(self, feats, batch_data_samples, train_cfg=None):
        """Not needed here."""


class TestPackInstances:
    """pack_instances."""

    def test_by_hand(self):
        """Valid slots alone, boxes around all keypoints, scores in their columns."""
        first, second = pack_instances(make_instances([[True, False], [True, True]]))
        assert (len(first.keypoints), len(second.keypoints)) == (1, 2)
        assert second.keypoints[1, 3].tolist() == [3, 6]
        assert second.bboxes[0].tolist() == [0, 0, 16, 32]
        assert second.keypoint_scores.shape == (2, 17)
        assert np.allclose(second.bbox_scores, second.keypoint_scores[:, 5])
        assert first.bbox_scores.tolist() == [np.float32(0.9)]

    def test_nobody(self):
        """Empty arrays of the right shapes, also where no image has a slot."""
        for valid in ([[False]], torch.zeros(1, 0, dtype=torch.bool).tolist()):
            (packed,) = pack_instances(make_instances(valid))
            assert packed.keypoints.shape == (0, 17, 2)
            assert packed.bboxes.shape == (0, 4)


class TestPredict:
    """predict."""

    def test_instances(self):
        """One packed result per image; ``flip_test`` is handed on."""
        head = FixedHead(17, codec_config(64))
        assert [len(one.keypoints) for one in head.predict('feats', [None] * 2)] == [2, 0]
        packed, fields = head.predict('feats', [None] * 2, dict(flip_test=True, output_heatmaps=True))
        assert [len(one.keypoints) for one in packed] == [2, 0]
        assert all((one.heatmaps == 1).all() for one in fields)

    def test_options_are_checked(self):
        """The message names the class that was called."""
        with pytest.raises(KeyError, match=r"unknown options \['flip'\]; FixedHead knows"):
            FixedHead(17, codec_config(64)).predict('feats', [], dict(flip=True))


def test_other_keypoint_set():
    """The head and its codec must agree on the keypoints."""
    with pytest.raises(ValueError, match="num_keypoints is 17 but .* 'crowdpose' has 14"):
        FixedHead(17, codec_config(64, metainfo=CROWDPOSE))


class TestCheckTestOptions:
    """check_test_options."""

    def test_ignored(self):
        """Options that mean nothing pass where they are listed, and not elsewhere."""
        check_test_options(dict(flip_test=True, nms_dist_thr=0.05), 'MyHead', ignored=('nms_dist_thr',))
        with pytest.raises(KeyError, match='nms_dist_thr'):
            check_test_options(dict(nms_dist_thr=0.05), 'MyHead')

    def test_multiscale(self):
        """MMPose cannot feed it; switched off it is fine."""
        check_test_options(dict(multiscale_test=False), 'MyHead')
        with pytest.raises(NotImplementedError, match='multiscale_test'):
            check_test_options(dict(multiscale_test=True), 'MyHead')


def test_check_map_shape():
    """Both shapes are named."""
    check_map_shape(torch.zeros(1, 17, 4, 4), torch.zeros(1, 17, 4, 4))
    with pytest.raises(ValueError, match=r'heatmaps \(1, 17, 4, 4\) but the targets are \(1, 17, 4, 8\)'):
        check_map_shape(torch.zeros(1, 17, 4, 4), torch.zeros(1, 17, 4, 8))


class TestIgnoredOptions:
    """check_test_options."""

    def test_of_dekr(self):
        """Options that DEKR reads and this head does not are named; where to set them is said."""
        with pytest.warns(UserWarning, match=r"\['max_num_people', 'nms_dist_thr'\].*decoding.max_people"):
            check_test_options(dict(flip_test=True, nms_dist_thr=0.05, max_num_people=30), 'It', DEKR_TEST_OPTIONS)

    def test_own(self, recwarn):
        """Nothing is said of our own."""
        check_test_options(dict(flip_test=True, output_heatmaps=True), 'It', DEKR_TEST_OPTIONS)
        assert not recwarn.list

    def test_unknown(self):
        """Misspelt options are refused."""
        with pytest.raises(KeyError, match='flip_tset'):
            check_test_options(dict(flip_tset=True), 'It')
        with pytest.raises(NotImplementedError):
            check_test_options(dict(multiscale_test=True), 'It')
