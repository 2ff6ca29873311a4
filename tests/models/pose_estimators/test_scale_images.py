"""Images and features between scales."""

import pytest
import torch

from dualcenter_mmpose.models.pose_estimators.scale_images import features_to_grid, random_crop, resize, size_of


def test_size_of():
    """(H, W), divided and rounded to whole cells."""
    assert size_of(torch.zeros(1, 2, 48, 33)) == (48, 33)
    assert size_of(torch.zeros(1, 2, 48, 33), 1.5) == (32, 22)


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

    def test_every_pixel_counts(self):
        """The middle one of 5 rows, which no row of 2 stands on, is not lost."""
        image = torch.zeros(1, 1, 5, 5)
        image[:, :, 2] = 1
        assert (resize(image, (2, 2)) > 0.1).all()

    @pytest.mark.parametrize('size', [(8, 8), (12, 12), (32, 32)])
    def test_mirror(self, size):
        """Resizing a mirrored image mirrors the resized one: no half-pixel shift."""
        image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(resize(image.flip(-1), size), resize(image, size).flip(-1))


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
        """The nominal scale is not touched."""
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
