"""Reduced configs for commands; what that is, is tested with `experiments.reduced.reduce`."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.reduced.from_shipped import reduced_config
from tests.configs.reduce import ROOT

EMA = ROOT / 'configs' / 'ablation' / 'ema_hrnet-w32_8xb10-140e_coco-512x512.py'


class TestReducedConfig:
    """A loaded config becomes a loaded config."""

    def test_file_name(self):
        """It keeps the name, which logs and the config beside a checkpoint bear; the argument stays as it is."""
        config = Config.fromfile(EMA)
        reduced = reduced_config(config)
        assert reduced.filename == str(EMA)
        assert reduced.model.backbone.extra != config.model.backbone.extra
        assert config.to_dict() == Config.fromfile(EMA).to_dict()

    def test_lacks_a_part(self):
        """A config of one's own that leaves out what a reduced config replaces hears what it lacks."""
        config = Config.fromfile(EMA)
        config.pop('val_dataloader')
        with pytest.raises(
            ValueError, match=r"a reduced config needs 'val_dataloader', which '.*ema.*\.py' does not have"
        ):
            reduced_config(config)
