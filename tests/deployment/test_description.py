"""What a program needs to know of an exported model."""

from __future__ import annotations

import json

from mmengine.config import Config

from dualcenter_mmpose import __version__
from dualcenter_mmpose.deployment import DeployModel
from dualcenter_mmpose.deployment.description import describe_model, summarize
from tests.helpers import build_model, tiny_model, with_pose_nets

NETS = with_pose_nets(tiny_model(type='MultiScaleTrainingWrapper'))


class TestDescribeModel:
    """Law: a model tells all that is needed to run it."""

    def test_content(self, tmp_path):
        """Sizes, order of channels, keypoints, links, options."""
        Config(dict(model=NETS)).dump(tmp_path / 'model.py')
        config = Config.fromfile(tmp_path / 'model.py')
        network = DeployModel(build_model(NETS))
        described = json.loads(json.dumps(describe_model(network, config, (96, 64), None)))
        assert described['version'] == __version__
        assert described['config'] == 'model'
        assert described['input_size'] == [96, 64]
        assert described['batch_size'] is None
        assert (described['channel_order'], described['resize_mode']) == ('BGR', 'fit')
        assert described['keypoint_names'][:2] == ['nose', 'left_eye']
        assert [15, 13] in described['skeleton_links']  # COCO: left ankle, left knee
        assert described['pose_nets'] == ['confidence', 'refinement', 'similarity']
        assert described['decoding']['max_people'] == 30
        assert described['flip_test'] is False


class TestSummarize:
    """Law: width first, and whether the cost is doubled."""

    def test_words(self):
        """A fixed number and any number."""
        content = dict(input_size=[96, 64], batch_size=2, channel_order='BGR', flip_test=True)
        assert summarize(content) == '2 uint8 BGR images of 96x64, with mirrored images, opset 18'
        content.update(batch_size=None, flip_test=False)
        assert summarize(content) == 'any number of uint8 BGR images of 96x64, opset 18'
