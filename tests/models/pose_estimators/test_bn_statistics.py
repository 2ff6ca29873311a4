"""BatchNorm's running statistics while other scales than the nominal one run."""

import pytest
import torch
from torch import nn

from dualcenter_mmpose.models.pose_estimators.bn_statistics import frozen_bn_statistics


class TestFrozenBnStatistics:
    """frozen_bn_statistics."""

    def test_statistics_do_not_move(self):
        """Inside, outputs are those of training mode but no statistic changes by a bit; outside they move again."""
        norm, features = nn.BatchNorm2d(3), torch.randn(4, 3, 5, 5) * 3 + 1
        before = {key: value.clone() for key, value in norm.state_dict().items()}
        with frozen_bn_statistics(norm):
            frozen = norm(features)
        assert all(torch.equal(before[key], value) for key, value in norm.state_dict().items())
        assert torch.equal(frozen, norm(features))
        assert norm.num_batches_tracked == 1

    def test_restored_after_an_error(self):
        """An error inside leaves no layer frozen."""
        norm = nn.BatchNorm2d(3)
        with pytest.raises(RuntimeError, match='inside'), frozen_bn_statistics(norm):
            raise RuntimeError('inside')
        assert norm.track_running_stats

    def test_layer_without_statistics(self):
        """A layer that never tracks statistics does not begin to."""
        norm = nn.BatchNorm2d(3, track_running_stats=False)
        with frozen_bn_statistics(norm):
            pass
        assert not norm.track_running_stats
