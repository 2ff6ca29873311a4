"""Which scales there are, how large their images are, which of them a step runs."""

import pytest

from dualcenter_mmpose.models.pose_estimators.scales import draw_scales, make_scales, scale_size


class TestMakeScales:
    """make_scales."""

    def test_default_weights(self):
        """Scales weigh the same by default; the nominal one is the scale 1."""
        scales = make_scales((2, 1, 0.5), None)
        assert [scale.weight for scale in scales] == [1, 1, 1]
        assert [scale.is_nominal for scale in scales] == [False, True, False]
        assert [scale.label for scale in scales] == ['2x', '1x', '0.5x']

    @pytest.mark.parametrize(
        ('factors', 'weights', 'message'),
        [
            ((2, 0.5), None, 'contain 1'),
            ((1, 1), None, 'distinct'),
            ((1, -2), None, 'positive, distinct'),
            ((2, 1), (1,), '2 positive numbers'),
            ((2, 1), (1, 0), '2 positive numbers'),
        ],
    )
    def test_bad_options(self, factors, weights, message):
        """Impossible scales are refused."""
        with pytest.raises(ValueError, match=message):
            make_scales(factors, weights)


class TestDrawScales:
    """draw_scales."""

    def test_all(self):
        """All scales of a step, the nominal one last, whatever the seed."""
        scales = make_scales((1, 2, 0.5), None)
        assert [scale.factor for scale in draw_scales(scales, 3, None, seed=5)] == [2, 0.5, 1]

    def test_follows_probabilities(self):
        """Over 300 seeds the nominal scale with half of the chances comes up half of the time; a seed is a draw."""
        scales = make_scales((2, 1, 0.5), None)
        drawn = [draw_scales(scales, 1, (1, 2, 1), seed)[0].factor for seed in range(300)]
        assert drawn == [draw_scales(scales, 1, (1, 2, 1), seed)[0].factor for seed in range(300)]
        assert 120 < drawn.count(1) < 180
        assert min(drawn.count(2), drawn.count(0.5)) > 40

    def test_without_repetition(self):
        """Two of three are two different ones, the nominal one last where it is among them."""
        scales = make_scales((1, 2, 0.5), None)
        for seed in range(20):
            first, last = (scale.factor for scale in draw_scales(scales, 2, None, seed))
            assert first != last
            assert first != 1


class TestScaleSize:
    """scale_size."""

    def test_sizes(self):
        """1024 is 2S: S is 512 and S/2 256."""
        assert [scale_size((1024, 1280), 2, factor) for factor in (2, 1, 0.5)] == [(1024, 1280), (512, 640), (256, 320)]

    def test_not_divisible(self):
        """A scale that HRNet cannot halve five times is refused with its size."""
        with pytest.raises(ValueError, match='scale 0.5 .* would be 48 x 48 px'):
            scale_size((192, 192), 2, 0.5)
