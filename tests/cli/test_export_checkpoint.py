"""The command that strips a checkpoint; the parts are tested with `deployment.plain_checkpoint`."""

from collections import OrderedDict

import pytest
import torch
from mmengine.config import Config

from dualcenter import main
from tests.helpers import build_model, tiny_model


def run_tool(*argv):
    return main(['export-checkpoint', *map(str, argv)])


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of a multi-scale training."""
    model = build_model(tiny_model(type='MultiScaleTrainingWrapper'))
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(meta={}, state_dict=model.state_dict()), path)
    return path


def test_both_files(checkpoint, tmp_path, capsys):
    """Checkpoint and config of the plain estimator, at half precision; nothing else is left."""
    Config(dict(model=tiny_model(type='MultiScaleTrainingWrapper'))).dump(tmp_path / 'config.py')
    words = ['--config', tmp_path / 'config.py', '--out-config', tmp_path / 'plain.py', '--half']
    assert run_tool(checkpoint, '--out', tmp_path / 'plain.pth', *words) == 0
    state = torch.load(tmp_path / 'plain.pth', weights_only=True)['state_dict']
    build_model(Config.fromfile(tmp_path / 'plain.py').model).load_state_dict(state, strict=True)
    assert state['backbone.conv1.weight'].dtype == torch.float16
    assert f'MB) and {tmp_path / "plain.py"}' in capsys.readouterr().out
    assert len(list(tmp_path.iterdir())) == 4


def test_backbone_only(checkpoint, tmp_path):
    """The option reaches the writer."""
    assert run_tool(checkpoint, '--out', tmp_path / 'b.pth', '--backbone-only') == 0
    state = torch.load(tmp_path / 'b.pth', weights_only=True)['state_dict']
    assert {key.split('.')[0] for key in state} == {'backbone'}


class TestRefusals:
    """Inputs that cannot be exported end in one line and status 2, with nothing written."""

    @pytest.fixture
    def refused(self, tmp_path, capsys):
        def refused(message, *argv):
            before = sorted(tmp_path.iterdir())
            assert run_tool(*argv) == 2
            printed = capsys.readouterr().err
            assert printed.startswith('dualcenter export-checkpoint: error: ')
            assert message in printed
            assert printed.count('\n') == 1
            assert sorted(tmp_path.iterdir()) == before

        return refused

    def test_missing(self, refused, tmp_path):
        """A checkpoint that is not there."""
        refused('does not exist', tmp_path / 'no.pth', '--out', tmp_path / 'out.pth')

    def test_truncated(self, checkpoint, refused, tmp_path):
        """Half a file."""
        whole = checkpoint.read_bytes()
        checkpoint.write_bytes(whole[: len(whole) // 2])
        refused('cannot be read', checkpoint, '--out', tmp_path / 'out.pth')

    def test_something_else(self, refused, tmp_path):
        """Weights of another kind of model."""
        path = tmp_path / 'other.pth'
        torch.save(dict(state_dict=OrderedDict(weight=torch.zeros(1))), path)
        refused('no pose estimator', path, '--out', tmp_path / 'out.pth')

    def test_existing_output(self, checkpoint, refused, tmp_path):
        """An output that exists is not overwritten."""
        out = tmp_path / 'out.pth'
        out.write_text('mine')
        refused('exists', checkpoint, '--out', out)
        assert out.read_text() == 'mine'

    def test_configs(self, checkpoint, refused, tmp_path):
        """A config that trains no wrapper, one that is not there, and one without a name for the other."""
        config, out = tmp_path / 'config.py', tmp_path / 'o.pth'
        Config(dict(model=tiny_model())).dump(config)
        out_config = ['--out-config', tmp_path / 'c.py']
        refused("not 'MultiScaleTrainingWrapper'", checkpoint, '--out', out, '--config', config, *out_config)
        refused('no.py', checkpoint, '--out', out, '--config', tmp_path / 'no.py', *out_config)
        refused('go together', checkpoint, '--out', out, '--config', config)
