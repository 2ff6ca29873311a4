"""The same budget for every method."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.ablation.budget import share_steps, train_for_steps


class TestShareSteps:
    """Whole steps that add up."""

    @pytest.mark.parametrize(
        ('total', 'shares', 'wanted'),
        [
            (7, [3], [7]),
            (10, [1, 1], [5, 5]),
            (10, [14, 4], [8, 2]),  # 7.8 and the rest
            (5, [1, 1, 1], [2, 1, 2]),  # ends at 1.67, 3.33, 5
        ],
    )
    def test_values(self, total, shares, wanted):
        assert share_steps(total, shares) == wanted

    def test_too_few(self):
        """A stage without a step would be no stage."""
        with pytest.raises(ValueError, match=r'2 steps do not suffice for 2 stages in the proportion \[9, 1\]'):
            share_steps(2, [9, 1])

    @pytest.mark.parametrize('shares', [[0, 0], [3, -1]])
    def test_no_shares(self, shares):
        """Shares that are none are refused before they are divided by."""
        with pytest.raises(ValueError, match='--shares must be positive'):
            share_steps(9, shares)


class TestTrainForSteps:
    """One shape of schedule, whatever the config's own."""

    def make(self, warm_up_end):
        warm_up = dict(type='LinearLR', begin=0, end=warm_up_end, start_factor=0.001, by_epoch=False)
        steps = dict(type='MultiStepLR', begin=0, end=20, milestones=[12, 17], by_epoch=True)
        return Config(dict(train_cfg=dict(max_epochs=20, val_interval=5), param_scheduler=[warm_up, steps]))

    @pytest.mark.parametrize(('own', 'wanted'), [(200, 63), (50, 50)])
    def test_schedule(self, own, wanted):
        """A cosine to the last step; the warm-up takes a tenth of 625 steps at most, rounded up."""
        config = self.make(own)
        changed = train_for_steps(config, 625)
        warm_up, cosine = changed.param_scheduler
        assert (warm_up.end, warm_up.start_factor) == (wanted, 0.001)
        assert (cosine.type, cosine.end, cosine.by_epoch) == ('CosineAnnealingLR', 625, False)
        assert config.param_scheduler[0].end == own
        assert config.train_cfg.max_epochs == 20

    def test_epochs_suffice(self):
        """With one step an epoch it still reaches the end, and it is not tested before."""
        train_cfg = train_for_steps(self.make(5), 625).train_cfg
        assert train_cfg.max_epochs >= 625
        assert train_cfg.val_interval > train_cfg.max_epochs

    def test_no_warm_up(self):
        """A stage without one gets none."""
        config = Config(dict(train_cfg=dict(max_epochs=2), param_scheduler=[]))
        assert [schedule.type for schedule in train_for_steps(config, 9).param_scheduler] == ['CosineAnnealingLR']
