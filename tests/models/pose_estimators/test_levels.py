"""Images and features between levels."""

import pytest
import torch
from torch import nn

from dualcenter_mmpose.models.pose_estimators.levels import (
    features_to_grid,
    frozen_bn_statistics,
    level_size,
    make_levels,
    random_crop,
    resize,
)


class TestMakeLevels:
    """make_levels."""

    def test_default_weights(self):
        """Levels weigh the same by default; the nominal one is the scale 1."""
        levels = make_levels((2, 1, 0.5), None)
        assert [level.weight for level in levels] == [1, 1, 1]
        assert [level.is_nominal for level in levels] == [False, True, False]
        assert [level.label for level in levels] == ['2x', '1x', '0.5x']

    @pytest.mark.parametrize(
        ('scales', 'weights', 'message'),
        [
            ((2, 0.5), None, 'contain 1'),
            ((1, 1), None, 'distinct'),
            ((1, -2), None, 'positive, distinct'),
            ((2, 1), (1,), '2 positive numbers'),
            ((2, 1), (1, 0), '2 positive numbers'),
        ],
    )
    def test_bad_options(self, scales, weights, message):
        """Impossible levels are refused."""
        with pytest.raises(ValueError, match=message):
            make_levels(scales, weights)


class TestResize:
    """resize."""

    def test_area(self):
        """Halving takes the mean of 2 x 2."""
        image = torch.tensor([[0.0, 4.0, 1.0, 1.0], [8.0, 0.0, 1.0, 1.0]])[None, None]
        assert resize(image, (1, 2)).tolist() == [[[[3.0, 1.0]]]]

    def test_quarter_is_half_of_half(self):
        """Area reduction by 4 is twice that by 2."""
        image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(resize(image, (4, 4)), resize(resize(image, (8, 8)), (4, 4)))

    @pytest.mark.parametrize('size', [(16, 16), (8, 8), (12, 12), (32, 32)])
    def test_mean_is_kept(self, size):
        """A constant stays constant at any size."""
        assert torch.allclose(resize(torch.full((1, 1, 16, 16), 0.3), size), torch.tensor(0.3))

    @pytest.mark.parametrize('size', [(8, 8), (12, 12), (32, 32)])
    def test_mirror(self, size):
        """Resizing a mirrored image mirrors the resized one: no half-pixel shift."""
        image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(resize(image.flip(-1), size), resize(image, size).flip(-1))


class TestLevelSize:
    """level_size."""

    def test_sizes(self):
        """1024 is 2S: S is 512 and S/2 256."""
        assert [level_size((1024, 1280), 2, scale) for scale in (2, 1, 0.5)] == [(1024, 1280), (512, 640), (256, 320)]

    def test_not_divisible(self):
        """A level that HRNet cannot halve five times is refused with its size."""
        with pytest.raises(ValueError, match='level 0.5 .* would be 48 x 48 px'):
            level_size((192, 192), 2, 0.5)


class TestFeaturesToGrid:
    """features_to_grid."""

    def pyramid(self, size):
        generator = torch.Generator().manual_seed(2)
        return [torch.randn(1, 2, size >> i, size >> i, generator=generator) for i in range(3)]

    @pytest.mark.parametrize('scale', [2.0, 0.5])
    def test_fusing_head(self, scale):
        """Map by map, it is the joined map resized as a whole."""
        feats = self.pyramid(int(16 * scale))
        grid = features_to_grid(feats, scale, fuses=True)
        own = feats[0].shape[-2:]
        joined = torch.cat([resize(feat, own) for feat in feats], dim=1)
        torch.testing.assert_close(torch.cat(grid, dim=1), resize(joined, (16, 16)))

    def test_other_head(self):
        """A head that wants a pyramid gets one, each map at its nominal size."""
        grid = features_to_grid(self.pyramid(32), 2.0, fuses=False)
        assert [feat.shape[-1] for feat in grid] == [16, 8, 4]

    def test_nominal(self):
        """The nominal level is not touched."""
        feats = self.pyramid(16)
        assert all(a is b for a, b in zip(features_to_grid(feats, 1.0, fuses=True), feats))


class TestRandomCrop:
    """random_crop."""

    def test_begins_at_cell_borders(self):
        """Whatever the draw, the crop is the window at the cell it names."""
        images = torch.arange(32.0 * 32).reshape(1, 1, 32, 32)
        seen = set()
        torch.manual_seed(0)
        for _ in range(40):
            (x, y), crop = random_crop(images, (16, 16), 8)
            assert torch.equal(crop, images[..., 8 * y : 8 * y + 16, 8 * x : 8 * x + 16])
            seen.add((x, y))
        assert seen == {(x, y) for x in range(3) for y in range(3)}


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
