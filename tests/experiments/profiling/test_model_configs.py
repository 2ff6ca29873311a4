"""Models of configs; the files themselves are tested with `utils.config_files`."""

import pytest

from dualcenter_mmpose.experiments.profiling.model_configs import load_model_config, nominal_size
from tests.configs.reduce import ROOT
from tests.helpers import tiny_model

CONFIG = ROOT / 'configs' / 'dualcenter' / 'coco' / 'dualcenter_hrnet-w48_8xb5-140e_coco-640x640.py'


def test_shipped():
    """A config of ours, with the size in its name."""
    model = load_model_config(str(CONFIG))
    assert model['head'].type == 'DualCenterHead'
    assert nominal_size(model) == (640, 640)


@pytest.mark.parametrize('text', ['model = None', 'model = dict(backbone=dict())'])
def test_no_head(text, tmp_path):
    """A part of a config."""
    (tmp_path / 'a.py').write_text(text)
    with pytest.raises(ValueError, match=r"a\.py' has no model with a head"):
        load_model_config(str(tmp_path / 'a.py'))


@pytest.mark.parametrize('head', [dict(), dict(decoder=None), dict(decoder=dict(type='A'))])
def test_no_size(head):
    """A head that does not know its input."""
    assert nominal_size(tiny_model()) == (64, 64)
    with pytest.raises(ValueError, match='give --size WxH'):
        nominal_size(dict(head=head))
