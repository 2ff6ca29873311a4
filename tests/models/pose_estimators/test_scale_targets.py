"""Targets per scale."""

import pytest
import torch

from dualcenter_mmpose.models.pose_estimators.scale_targets import (
    LoaderTargets,
    SharedTargets,
    TargetRequest,
    make_scale_targets,
    person_range_in_cells,
)
from dualcenter_mmpose.models.pose_estimators.scales import TrainingScale
from dualcenter_mmpose.types import DenseTargets
from tests.helpers import build_model, encode_sample, make_codec, random_people, tiny_dekr, tiny_model

SIZE = 64


def make_targets(**codec_options):
    head = build_model(tiny_model(SIZE)).head
    head.decoder = make_codec(SIZE, **codec_options)
    samples = [encode_sample(head.decoder, random_people(n, SIZE, seed=n)) for n in (2, 3)]
    return make_scale_targets(head, samples, {})


class TestSharedTargets:
    """SharedTargets."""

    def test_shared_part_is_made_once(self):
        """Two scales on the nominal grid read the same keypoint heatmaps."""
        targets = make_targets()
        assert isinstance(targets, SharedTargets)
        calls = []
        original = targets.head.decoder.make_keypoint_targets
        targets.head.decoder.make_keypoint_targets = lambda i: calls.append(1) or original(i)
        narrow, wide = (targets.dense_targets(TargetRequest(limits)) for limits in ((98, 99), (0, 99)))
        assert len(calls) == 1
        assert torch.equal(narrow.heatmaps[:, :17], wide.heatmaps[:, :17])
        assert not torch.equal(narrow.displacement_weights, wide.displacement_weights)

    @pytest.mark.parametrize('factor', [2.0, 0.5])
    def test_own_grid_equals_encoding_there(self, factor):
        """Targets on a scale's own grid equal those of the scale's own image, encoded at its size."""
        found = make_targets().dense_targets(TargetRequest((3, 99), factor))
        codec = make_codec(int(SIZE * factor))
        own = []
        for n in (2, 3):
            # A pixel index of the scale's image: pixel middles scale, not indices.
            keypoints = (random_people(n, SIZE, seed=n) + 0.5) * factor - 0.5
            own.append(encode_sample(codec, keypoints))
        expected = codec.make_targets(codec.unpack(own), (3, 99))
        for name, a, b in zip(DenseTargets._fields, found, expected):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4, msg=name)

    def test_dense_targets(self):
        """Maps that the loader made serve every scale as they are."""
        targets = make_targets(dense_targets=True)
        assert not targets.are_packed
        assert targets.grid_size == (16, 16)
        maps = [targets.dense_targets(TargetRequest()).heatmaps for _ in range(2)]
        assert torch.equal(*maps)
        with pytest.raises(ValueError, match='dense_targets=False'):
            targets.dense_targets(TargetRequest((3, 9)))

    def test_wide_window(self):
        """A window as wide and as high as the features, from cell (2, 5) on."""
        targets, seen = make_targets(), []
        targets.head.loss_on_targets = lambda feats, maps: seen.append(maps) or {}
        targets.loss(targets.head, [torch.zeros(2, 1, 4, 8)], TargetRequest(corner=(2, 5)))
        whole = targets.dense_targets(TargetRequest())
        for name, window, maps in zip(DenseTargets._fields, seen[0], whole):
            assert torch.equal(window, maps[..., 5:9, 2:10]), name

    @pytest.mark.parametrize(('needs', 'asked'), [(True, True), (True, False), (False, True)])
    def test_instances_go_to_heads_that_need_them(self, monkeypatch, needs, asked):
        """Pose-level networks train where they exist and the request, that of the nominal scale, says so."""
        targets, given = make_targets(), []
        monkeypatch.setattr(type(targets.head), 'needs_instances', needs)
        targets.head.loss_on_targets = lambda feats, maps, *instances: given.extend(instances) or {}
        targets.loss(targets.head, [torch.zeros(2, 1, 16, 16)], TargetRequest(with_instances=asked))
        assert [one is targets.instances for one in given] == ([True] if needs and asked else [])


class TestLoaderTargets:
    """LoaderTargets."""

    def test_stock_head(self):
        """MMPose's DEKR head takes no targets from here; its grid is read from its maps."""
        head = build_model(tiny_dekr(SIZE)).head
        samples = [encode_sample(make_codec(SIZE, dense_targets=True), random_people(1, SIZE, seed=0))]
        targets = make_scale_targets(head, samples, dict(option=1))
        assert isinstance(targets, LoaderTargets)
        assert targets.grid_size == (16, 16)
        head.loss = lambda feats, samples, train_cfg: dict(seen=(samples, train_cfg))
        seen, options = targets.loss(head, [torch.zeros(1, 1, 8, 8)], TargetRequest(corner=(3, 5)))['seen']
        assert seen[0].gt_fields.heatmaps.shape[-2:] == (8, 8)
        assert options == dict(option=1)


@pytest.mark.parametrize(
    ('factor', 'own_grid', 'expected'),
    [
        (2.0, False, (1.5, 14.4)),  # nominal cells are 8 px of the scale: 12 / 8, 0.9 * 128 / 8
        (0.5, False, (6, 14.4)),
        (1.0, False, (3, float('inf'))),
        (2.0, True, (3, 28.8)),  # own cells are 4 px of the scale: 12 / 4, 0.9 * 128 / 4
    ],
)
def test_person_range_in_cells(factor, own_grid, expected):
    """12 px to 0.9 of the scale's side; 64 px of nominal side at stride 4."""
    scale = TrainingScale(factor, weight=1.0)
    assert person_range_in_cells((12, 0.9), scale, 4, 64, own_grid) == pytest.approx(expected)
