"""Configs and options become stages that are ready to run."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.stages.chain import StageError
from dualcenter_mmpose.experiments.stages.options import StageOptions, plan_stages
from tests.configs.reduce import ROOT

SYNTHETIC = ROOT / 'configs' / 'dualcenter' / 'synthetic'
STAGE2 = SYNTHETIC / 'dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'
STAGE3 = SYNTHETIC / 'dualcenter_hrnet-w16s_stage3_1xb8-3e_synthetic-256x256.py'
COCO_STAGE2 = ROOT / 'configs' / 'dualcenter' / 'coco' / 'dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py'


def plan(config, epochs=None, numbers=None, **options):
    return plan_stages([config], StageOptions(**options), epochs, numbers)


class TestPlanStages:
    """Configs and options become stages that are ready to run."""

    def test_plain(self):
        """Nothing changes without options."""
        stages = plan(STAGE3)
        assert [stage.number for stage in stages] == [1, 2, 3]
        assert [stage.config.train_cfg.max_epochs for stage in stages] == [6, 6, 3]
        assert stages[2].config.model == Config.fromfile(STAGE3).model
        assert stages[0].config.launcher == 'none'

    def test_epochs(self):
        """One number for all stages, or one for each, also where only some are run; steps move along."""
        assert [stage.config.train_cfg.max_epochs for stage in plan(STAGE3, [2])] == [2, 2, 2]
        (second,) = plan(STAGE3, [4, 10, 1], [2])
        assert second.config.train_cfg.max_epochs == 10
        # 12 and 17 of 20 epochs are 3.6 and 5.1 of 6 as the small config writes them: 4 and 5 of 6, 7 and 8 of 10.
        assert second.config.param_scheduler[-1].milestones == [7, 8]
        with pytest.raises(StageError, match=r'--epochs takes one number, or 3 for 3 stages; got \[1, 2\]'):
            plan(STAGE3, [1, 2])
        with pytest.raises(ValueError, match='at least 1 epoch'):
            plan(STAGE2, [0])

    def test_small(self):
        """Reduced configs of every stage, on the small network; their names stay."""
        stages = plan(COCO_STAGE2, small=True)
        small = Config.fromfile(STAGE2)
        assert [stage.config.model.backbone.extra for stage in stages] == [small.model.backbone.extra] * 2
        assert stages[1].config.train_dataloader.dataset.data_root == small.train_dataloader.dataset.data_root
        assert [Path(stage.config.filename).name for stage in stages] == [stage.path.name for stage in stages]

    def test_other_options(self):
        """--cfg-options has the last word, over the other options too."""
        stages = plan(STAGE2, [4], amp=True, auto_scale_lr=True, cfg_options={'train_cfg.max_epochs': 3})
        for stage in stages:
            assert stage.config.optim_wrapper.type == 'AmpOptimWrapper'
            assert stage.config.optim_wrapper.loss_scale == 'dynamic'
            assert stage.config.auto_scale_lr.enable
            assert stage.config.train_cfg.max_epochs == 3

    @pytest.mark.parametrize(
        ('option', 'missing'),
        [
            (dict(amp=True), 'optim_wrapper.optimizer'),
            (dict(auto_scale_lr=True), 'auto_scale_lr.base_batch_size'),
            (dict(epochs=[1]), 'train_cfg.max_epochs'),
        ],
    )
    def test_nothing_to_change(self, option, missing, tmp_path):
        """An option that finds nothing to change names the key that the config lacks."""
        path = tmp_path / 'bare.py'
        path.write_text('train_cfg = dict(max_iters=3)\n')
        with pytest.raises(StageError, match=rf"--[a-z-]+ needs '{missing}', which '.*bare\.py' does not have"):
            plan(path, **option)

    def test_bad_cfg_option(self):
        """A key that leads into a number."""
        with pytest.raises(StageError, match='--cfg-options: '):
            plan(STAGE2, cfg_options={'train_dataloader.dataset.pipeline.99.type': 'A'})
