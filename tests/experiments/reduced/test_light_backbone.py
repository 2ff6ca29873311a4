"""Small reduced configs on the light backbone."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.reduced.light_backbone import with_light_backbone
from tests.configs.reduce import ROOT

CONFIGS = ROOT / 'configs'
SYNTHETIC = CONFIGS / 'dualcenter' / 'synthetic'


def load(path):
    return Config.fromfile(path).to_dict()


@pytest.fixture(scope='module')
def light():
    """Backbone, channels and normalisation."""
    return load(CONFIGS / '_base_' / 'efficientnet_lite0.py')['lite0']


class TestWithLightBackbone:
    """The backbone and what must go with it."""

    @pytest.mark.parametrize(('stage', 'schedule'), [('', '1xb8-6e'), ('stage2_', '1xb8-6e')])
    def test_configs_by_hand(self, stage, schedule, light):
        """Of the small configs it makes those that are shipped."""
        small = load(SYNTHETIC / f'dualcenter_hrnet-w16s_{stage}{schedule}_synthetic-256x256.py')
        expected = load(
            CONFIGS
            / 'dualcenter'
            / 'synthetic'
            / f'dualcenter_efficientnet-lite0_{stage}{schedule}_synthetic-256x256.py'
        )
        made = with_light_backbone(small, light)
        assert made['model'] == expected['model']
        assert {**made, 'model': 0, 'previous_stage': 0, 'load_from': 0} == {
            **small, 'model': 0, 'previous_stage': 0, 'load_from': 0
        }  # fmt: skip

    def test_rival(self, light):
        """The baseline's head gets all four maps, joined: 24 + 40 + 112 + 320 channels."""
        made = with_light_backbone(
            load(CONFIGS / 'swahr/synthetic/swahr_hrnet-w16s_1xb8-6e_synthetic-256x256.py'), light
        )
        assert made['model']['neck'] == dict(type='FeatureMapProcessor', concat=True)
        assert made['model']['head']['in_channels'] == 496

    def test_arguments_stay(self, light):
        """A copy is changed."""
        path = SYNTHETIC / 'dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'
        small = load(path)
        made = with_light_backbone(small, light)
        made['model']['backbone']['init_cfg']['checkpoint'] = 'other'
        made['model']['data_preprocessor']['mean'][0] = 0.0
        assert small == load(path)
        assert light == load(CONFIGS / '_base_' / 'efficientnet_lite0.py')['lite0']
