"""Stripping a training checkpoint; `tests/test_wiring.py` strips that of a real training."""

import pytest
import torch
from mmengine.config import Config

from dualcenter_mmpose.deployment import plain_checkpoint
from tests.helpers import CROWDPOSE, build_model, codec_config, tiny_model


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint as the runner writes it, with parts that an export drops."""
    model = build_model(tiny_model(type='MultiScaleTrainingWrapper'))
    path = tmp_path / 'epoch_1.pth'
    meta = dict(dataset_meta=dict(dataset_name='coco'), cfg='long text')
    torch.save(dict(meta=meta, state_dict=model.state_dict(), optimizer=dict(state={})), path)
    return path


def test_strips(checkpoint, tmp_path):
    """Auxiliary heads, optimizer and config text go; weights, metadata and data set description stay."""
    out = tmp_path / 'plain.pth'
    plain_checkpoint.write_plain_checkpoint(checkpoint, out)
    stripped = torch.load(out, weights_only=True)
    assert stripped.keys() == {'meta', 'state_dict'}
    assert stripped['meta'] == dict(dataset_meta=dict(dataset_name='coco'))
    plain = build_model(tiny_model())
    plain.load_state_dict(stripped['state_dict'], strict=True)
    original = torch.load(checkpoint, weights_only=True)['state_dict']
    for key, value in stripped['state_dict'].items():
        assert torch.equal(value, original[key])
    assert stripped['state_dict']._metadata == original._metadata


def test_half(checkpoint, tmp_path):
    """Half precision halves the file, keeps counters whole, and loads."""
    plain_checkpoint.write_plain_checkpoint(checkpoint, tmp_path / 'full.pth')
    plain_checkpoint.write_plain_checkpoint(checkpoint, tmp_path / 'half.pth', half=True)
    state = torch.load(tmp_path / 'half.pth', weights_only=True)['state_dict']
    assert state['backbone.bn1.num_batches_tracked'].dtype == torch.int64
    assert state['backbone.conv1.weight'].dtype == torch.float16
    assert (tmp_path / 'half.pth').stat().st_size < 0.75 * (tmp_path / 'full.pth').stat().st_size
    model = build_model(tiny_model())
    model.load_state_dict(state)
    assert model.backbone.conv1.weight.dtype == torch.float32


def test_backbone_only(checkpoint, tmp_path):
    """Nothing of any head is left, and the backbone starts a model with other keypoints."""
    plain_checkpoint.write_plain_checkpoint(checkpoint, tmp_path / 'backbone.pth', backbone_only=True)
    state = torch.load(tmp_path / 'backbone.pth', weights_only=True)['state_dict']
    assert {key.split('.')[0] for key in state} == {'backbone'}
    other = build_model(tiny_model(codec=codec_config(metainfo=CROWDPOSE), head=crowdpose_head()))
    assert not other.load_state_dict(state, strict=False).unexpected_keys


def crowdpose_head():
    """Return the tiny head for 14 keypoints."""
    return {**tiny_model()['head'], 'num_keypoints': 14, 'decoder': codec_config(metainfo=CROWDPOSE)}


@pytest.mark.parametrize('name', ['scales', 'levels'])
def test_config(name):
    """The plain config names the estimator and keeps what is not multi-scale training's own, by old names too."""
    own = {name: (2, 1), 'crop_largest': True}
    model = tiny_model(type='MultiScaleTrainingWrapper', **own, test_cfg=dict(flip_test=True))
    config = Config(dict(model=model, model_wrapper_cfg=dict(type='MultiScaleDistributedDataParallel')))
    plain = plain_checkpoint.plain_config(config)
    assert plain.model == Config(dict(model=tiny_model(test_cfg=dict(flip_test=True)))).model
    assert 'model_wrapper_cfg' not in plain
    assert config.model.type == 'MultiScaleTrainingWrapper'


@pytest.mark.parametrize('model', [dict(model=tiny_model()), {}], ids=['plain', 'no model'])
def test_not_multi_scale(model):
    """A config that trains no wrapper has no other config for tests."""
    with pytest.raises(ValueError, match="not 'MultiScaleTrainingWrapper'"):
        plain_checkpoint.plain_config(Config(model))
