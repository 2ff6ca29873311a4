"""Stripping a training checkpoint; `tests/test_wiring.py` runs the command on a real training."""

from collections import OrderedDict

import pytest
import torch
from mmengine.config import Config

from dualcenter_mmpose.cli import export_checkpoint as tool
from tests.helpers import CROWDPOSE, build_model, codec_config, tiny_model


def run_tool(monkeypatch, *words):
    monkeypatch.setattr('sys.argv', ['export_checkpoint.py', *map(str, words)])
    return tool.main()


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint as the runner writes it, with parts that an export drops."""
    model = build_model(tiny_model(type='MultiScaleTrainingWrapper'))
    path = tmp_path / 'epoch_1.pth'
    meta = dict(dataset_meta=dict(dataset_name='coco'), cfg='long text')
    torch.save(dict(meta=meta, state_dict=model.state_dict(), optimizer=dict(state={})), path)
    return path


def test_strips(checkpoint, tmp_path, monkeypatch):
    """Auxiliary heads, optimizer and config text go; weights, metadata and data set description stay."""
    out = tmp_path / 'plain.pth'
    assert run_tool(monkeypatch, checkpoint, '--out', out) == 0
    stripped = torch.load(out, weights_only=True)
    assert stripped.keys() == {'meta', 'state_dict'}
    assert stripped['meta'] == dict(dataset_meta=dict(dataset_name='coco'))
    plain = build_model(tiny_model())
    plain.load_state_dict(stripped['state_dict'], strict=True)
    original = torch.load(checkpoint, weights_only=True)['state_dict']
    for key, value in stripped['state_dict'].items():
        assert torch.equal(value, original[key])
    assert stripped['state_dict']._metadata == original._metadata


def test_half(checkpoint, tmp_path, monkeypatch):
    """Half precision halves the file, keeps counters whole, and loads."""
    run_tool(monkeypatch, checkpoint, '--out', tmp_path / 'full.pth')
    run_tool(monkeypatch, checkpoint, '--out', tmp_path / 'half.pth', '--half')
    state = torch.load(tmp_path / 'half.pth', weights_only=True)['state_dict']
    assert state['backbone.bn1.num_batches_tracked'].dtype == torch.int64
    assert state['backbone.conv1.weight'].dtype == torch.float16
    assert (tmp_path / 'half.pth').stat().st_size < 0.75 * (tmp_path / 'full.pth').stat().st_size
    model = build_model(tiny_model())
    model.load_state_dict(state)
    assert model.backbone.conv1.weight.dtype == torch.float32


def test_backbone_only(checkpoint, tmp_path, monkeypatch):
    """Nothing of any head is left, and the backbone starts a model with other keypoints."""
    run_tool(monkeypatch, checkpoint, '--out', tmp_path / 'backbone.pth', '--backbone-only')
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
    plain = tool.export_config(config)
    assert plain.model == Config(dict(model=tiny_model(test_cfg=dict(flip_test=True)))).model
    assert 'model_wrapper_cfg' not in plain
    assert config.model.type == 'MultiScaleTrainingWrapper'


class TestRefusals:
    """Inputs that cannot be exported end in one line and status 2, with nothing written."""

    def check(self, monkeypatch, capsys, tmp_path, message, *words):
        before = sorted(tmp_path.iterdir())
        assert run_tool(monkeypatch, *words) == 2
        printed = capsys.readouterr().err
        assert message in printed
        assert 'Traceback' not in printed
        assert sorted(tmp_path.iterdir()) == before

    def test_missing(self, monkeypatch, capsys, tmp_path):
        """A checkpoint that is not there."""
        self.check(monkeypatch, capsys, tmp_path, 'does not exist', tmp_path / 'no.pth', '--out', tmp_path / 'out.pth')

    def test_truncated(self, checkpoint, monkeypatch, capsys, tmp_path):
        """Half a file."""
        whole = checkpoint.read_bytes()
        checkpoint.write_bytes(whole[: len(whole) // 2])
        self.check(monkeypatch, capsys, tmp_path, 'cannot be read', checkpoint, '--out', tmp_path / 'out.pth')

    def test_something_else(self, monkeypatch, capsys, tmp_path):
        """Weights of another kind of model."""
        path = tmp_path / 'other.pth'
        torch.save(dict(state_dict=OrderedDict(weight=torch.zeros(1))), path)
        self.check(monkeypatch, capsys, tmp_path, 'no pose estimator', path, '--out', tmp_path / 'out.pth')

    def test_existing_output(self, checkpoint, monkeypatch, capsys, tmp_path):
        """An output that exists is not overwritten."""
        out = tmp_path / 'out.pth'
        out.write_text('mine')
        self.check(monkeypatch, capsys, tmp_path, 'exists', checkpoint, '--out', out)
        assert out.read_text() == 'mine'

    def test_plain_config(self, checkpoint, monkeypatch, capsys, tmp_path):
        """A config that trains no wrapper."""
        config = tmp_path / 'config.py'
        Config(dict(model=tiny_model())).dump(config)
        words = (checkpoint, '--out', tmp_path / 'o.pth', '--config', config, '--out-config', tmp_path / 'c.py')
        self.check(monkeypatch, capsys, tmp_path, "not 'MultiScaleTrainingWrapper'", *words)
