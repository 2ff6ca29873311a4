"""Targets per level."""

import pytest
import torch

from dualcenter_mmpose.models.pose_estimators.level_targets import LevelTargets, crop_fields, crop_targets
from dualcenter_mmpose.types import DenseTargets
from tests.helpers import build_model, encode_sample, make_codec, random_people, tiny_dekr, tiny_model

SIZE = 64


def make_targets(**codec_options):
    head = build_model(tiny_model(SIZE)).head
    head.decoder = make_codec(SIZE, **codec_options)
    return LevelTargets(head, [encode_sample(head.decoder, random_people(n, SIZE, seed=n)) for n in (2, 3)], {})


class TestLevelTargets:
    """LevelTargets."""

    def test_shared_part_is_made_once(self):
        """Two levels on the nominal grid read the same keypoint heatmaps."""
        targets = make_targets()
        calls = []
        original = targets.head.decoder.make_keypoint_targets
        targets.head.decoder.make_keypoint_targets = lambda i: calls.append(1) or original(i)
        narrow, wide = targets.for_level((98, 99), 1), targets.for_level((0, 99), 1)
        assert len(calls) == 1
        assert torch.equal(narrow.heatmaps[:, :17], wide.heatmaps[:, :17])
        assert not torch.equal(narrow.displacement_weights, wide.displacement_weights)

    @pytest.mark.parametrize('scale', [2.0, 0.5])
    def test_own_grid_equals_encoding_there(self, scale):
        """Targets on a level's own grid equal those of the level's own image, encoded at its size."""
        targets = make_targets()
        found = targets.for_level((3, 99), scale)
        codec = make_codec(int(SIZE * scale))
        own = []
        for n in (2, 3):
            # A pixel index of the level's image: pixel middles scale, not indices.
            people = (random_people(n, SIZE, seed=n) + 0.5) * scale - 0.5
            own.append(encode_sample(codec, people))
        expected = codec.make_targets(codec.unpack(own), (3, 99))
        for name, a, b in zip(DenseTargets._fields, found, expected):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4, msg=name)

    def test_stock_head(self):
        """MMPose's DEKR head takes no targets from here; its grid is read from its maps."""
        head = build_model(tiny_dekr(SIZE)).head
        fields = make_codec(SIZE, dense_targets=True)
        targets = LevelTargets(head, [encode_sample(fields, random_people(1, SIZE, seed=0))], {})
        assert not targets.is_shared
        assert targets.grid_size == (16, 16)

    def test_dense_targets(self):
        """Maps that the loader made serve every level as they are."""
        targets = make_targets(dense_targets=True)
        assert not targets.are_packed
        assert torch.equal(targets.for_level(None, 1).heatmaps, targets.for_level(None, 1).heatmaps)
        with pytest.raises(ValueError, match='dense_targets=False'):
            targets.for_level((3, 9), 1)


def test_crops_agree():
    """Cutting targets and cutting data samples give the same window, and leave the originals whole."""
    codec = make_codec(SIZE, dense_targets=True)
    samples = [encode_sample(codec, random_people(2, SIZE, seed=0))]
    maps = DenseTargets(*(samples[0].gt_fields.get(name)[None] for name in DenseTargets._fields))
    cut = crop_targets(maps, (3, 5), (8, 4))
    cut_sample = crop_fields(samples, (3, 5), (8, 4))[0]
    assert cut.heatmaps.shape[-2:] == (4, 8)
    assert torch.equal(cut.heatmaps[0], cut_sample.gt_fields.heatmaps)
    assert torch.equal(cut.heatmaps[0, :, 0, 0], maps.heatmaps[0, :, 5, 3])
    assert samples[0].gt_fields.heatmaps.shape[-2:] == (16, 16)
