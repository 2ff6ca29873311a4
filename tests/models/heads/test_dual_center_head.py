"""The head: sizes, targets, predictions, mirror law, and its doors."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from dualcenter_mmpose.models.heads import DualCenterHead
from dualcenter_mmpose.models.pose_nets.pose_level import KINDS
from dualcenter_mmpose.types import DenseMaps
from tests.helpers import (
    COCO,
    KPT_CENTER,
    TINY_CHANNELS,
    build_model,
    codec_config,
    encode_sample,
    make_batch,
    random_people,
    standing_people,
    tiny_model,
)

SIZE = 64


def make_head(codec=None, **options):
    codec = codec or codec_config(SIZE)
    options = {'num_heatmap_filters': 8, 'num_displacement_filters_per_keypoint': 2, **options}
    torch.manual_seed(0)
    return DualCenterHead(TINY_CHANNELS, 17, codec, **options)


def random_features(num_images=2, seed=0, size=SIZE):
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(num_images, channels, size // 4 >> i, size // 4 >> i, generator=generator)
        for i, channels in enumerate(TINY_CHANNELS)
    )


def packed_samples(head, counts=(2, 1)):
    return [encode_sample(head.decoder, random_people(n, SIZE, seed=n)) for n in counts]


class TestSize:
    """Parameters of the dense network, beside MMPose's DEKR, and of the whole model."""

    @pytest.mark.parametrize(
        ('width', 'dekr_total', 'extra', 'dense', 'whole', 'paper'),
        [
            (32, 29_561_182, 577, 29.562, 43.536, '43.5'),
            (48, 65_684_590, 593, 65.685, 79.775, '79.8'),
        ],
    )
    def test_totals(self, width, dekr_total, extra, dense, whole, paper):
        """DEKR's parameters, counted here too, and 577 (W32) or 593 (W48) more; with the networks, the paper's."""
        channels = tuple(width << i for i in range(4))
        stages = {
            f'stage{i}': dict(
                num_modules=m, num_branches=i, block='BASIC', num_blocks=(4,) * i, num_channels=channels[:i]
            )
            for i, m in ((2, 1), (3, 4), (4, 3))
        }
        stages['stage1'] = dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(4,), num_channels=(64,))
        stages['stage4']['multiscale_output'] = True
        backbone = build_model(dict(type='HRNet', in_channels=3, extra=stages))
        filters = dict(num_heatmap_filters=width)
        dekr = MODELS.build(dict(type='DEKRHead', in_channels=sum(channels), num_keypoints=17, **filters))
        nets = {kind: dict(type=f'Pose{kind.capitalize()}Net') for kind in KINDS}
        options = dict(in_channels=channels, num_keypoints=17, decoder=codec_config(), pose_nets=nets)
        ours = MODELS.build(dict(type='DualCenterHead', **options, **filters))
        count = lambda *modules: sum(p.numel() for m in modules for p in m.parameters())  # noqa: E731
        assert count(backbone, dekr) == dekr_total
        num_dense = count(backbone, ours.heatmap_branch, ours.displacement_branch)
        assert num_dense == dekr_total + extra
        assert round(num_dense / 1e6, 3) == dense
        assert count(backbone, ours) == num_dense + count(ours.pose_nets)
        assert round(count(backbone, ours) / 1e6, 3) == whole
        assert f'{count(backbone, ours) / 1e6:.1f}' == paper


class TestForward:
    """forward, fuse."""

    @pytest.mark.parametrize('num_images', [1, 3])
    def test_shapes(self, num_images):
        """19 heatmaps and 68 displacement channels for COCO's two centers."""
        maps = make_head()(random_features(num_images))
        assert maps.heatmaps.shape == (num_images, 19, 16, 16)
        assert maps.displacements.shape == (num_images, 68, 16, 16)

    def test_coarse_maps_keep_their_place(self):
        """Cells 0 and 1 of a coarse map stand at 0.5 and 2.5 of the fine one: between them the values rise evenly."""
        fused = make_head().fuse([torch.zeros(1, 1, 4, 4), torch.tensor([0.0, 1.0]).expand(1, 1, 2, 2)])
        assert fused[0, 1].tolist() == [[0, 0.25, 0.75, 1]] * 4

    def test_fused_features_are_taken_as_they_are(self):
        """One joined map gives what the four maps give."""
        head, feats = make_head().eval(), random_features()
        for a, b in zip(head(feats), head([head.fuse(feats)])):
            assert torch.equal(a, b)


class TestLoss:
    """loss, make_targets."""

    def test_device_targets_equal_loader_targets(self):
        """Packed keypoints and dense maps give the same losses."""
        packed, dense = make_head(), make_head(codec_config(SIZE, dense_targets=True))
        feats = random_features()
        losses = packed.eval().loss(feats, packed_samples(packed))
        reference = dense.eval().loss(feats, packed_samples(dense))
        assert losses.keys() == reference.keys() == {'loss/heatmap', 'loss/displacement'}
        for name in losses:
            torch.testing.assert_close(losses[name], reference[name])

    @pytest.mark.parametrize('counts', [(0, 0), (0, 3)])
    def test_images_without_people(self, counts):
        """The loss is finite and reaches every weight, whether anybody is there or not."""
        head = make_head()
        losses = head.loss(random_features(), packed_samples(head, counts))
        sum(losses.values()).backward()
        assert all(torch.isfinite(loss) for loss in losses.values())
        assert all(torch.isfinite(p.grad).all() for p in head.parameters())

    def test_falls(self):
        """A few steps on one batch lower the loss."""
        head = make_head()
        samples, feats = packed_samples(head), random_features()
        optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
        history = []
        for _ in range(15):
            loss = sum(head.loss(feats, samples).values())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        assert history[-1] < 0.5 * history[0]

    def test_wrong_grid(self):
        """Features of another size than the targets are refused with the remedy."""
        head = make_head()
        with pytest.raises(ValueError, match='input_size of the training pipeline'):
            head.loss(random_features(size=2 * SIZE), packed_samples(head))

    def test_range_needs_packed_targets(self):
        """A person range cannot be applied to maps that the loader made."""
        head = make_head(codec_config(SIZE, dense_targets=True))
        with pytest.raises(ValueError, match='dense_targets=False'):
            head.make_targets(packed_samples(head), person_range=(3, 9))


def perfect_features(head, images):
    """Make a head predict the targets of the given instances, whatever its features."""
    samples = [encode_sample(head.decoder, people) for people in images]
    targets = head.make_targets(samples)
    head.forward = lambda feats: DenseMaps(targets.heatmaps, targets.displacements)
    return samples


class TestPredict:
    """predict."""

    @pytest.mark.parametrize('num_images', [1, 3])
    def test_any_batch(self, num_images):
        """Perfect maps give the instances back, image by image, with all fields."""
        head = make_head(codec_config(256))
        images = [standing_people([(60 + 20 * i, 70, 5), (190, 150, 6)]) for i in range(num_images)]
        samples = perfect_features(head, images)
        for found, people in zip(head.predict(None, samples), images):
            assert len(found) == 2
            order = np.argsort(found.keypoints[:, 0, 0])
            np.testing.assert_allclose(found.keypoints[order], people, atol=1e-3)
            boxes = np.concatenate([people.min(axis=1), people.max(axis=1)], axis=1)
            np.testing.assert_allclose(found.bboxes[order], boxes, atol=1e-3)
            assert found.keypoint_scores.shape == (2, 17)
            assert (found.keypoint_scores > 0.5).all()
            np.testing.assert_allclose(found.bbox_scores, 1, atol=1e-6)

    def test_nobody(self):
        """An empty scene gives empty arrays of the right shapes."""
        head = make_head()
        samples = perfect_features(head, [np.zeros((0, 17, 2), np.float32)])
        found = head.predict(None, samples)[0]
        assert (found.keypoints.shape, found.bboxes.shape) == ((0, 17, 2), (0, 4))
        assert len(found.bbox_scores) == 0

    def test_output_heatmaps(self):
        """On request the averaged maps come along, 19 channels for the visualizer."""
        head = make_head()
        instances, fields = head.predict(random_features(), packed_samples(head), dict(output_heatmaps=True))
        assert len(instances) == len(fields) == 2
        assert fields[0].heatmaps.shape == (19, 16, 16)

    def test_unknown_option(self):
        """A misspelt test option is named."""
        with pytest.raises(KeyError, match='filp_test'):
            make_head().predict(random_features(), [], dict(filp_test=True))

    def test_multiscale_test(self):
        """What MMPose cannot feed is refused."""
        with pytest.raises(NotImplementedError, match='one scale'):
            make_head().predict(random_features(), [], dict(multiscale_test=True))


class TestMirror:
    """Mirror law: the maps of a mirrored scene, turned back, are the maps of the scene."""

    @pytest.mark.parametrize('centers', [None, KPT_CENTER])
    def test_exact_law(self, centers):
        """Targets of mirrored instances turned back equal the targets, values and weights, cell by cell."""
        options = {} if centers is None else dict(centers=centers)
        head = make_head(codec_config(SIZE, **options))
        flip = list(head.decoder.layout.flip_indices)
        people = random_people(3, SIZE, seed=5)
        mirrored = people[:, flip].copy()
        mirrored[..., 0] = SIZE - 1 - mirrored[..., 0]
        straight = head.make_targets([encode_sample(head.decoder, people)])
        other = head.make_targets([encode_sample(head.decoder, mirrored)])
        turned = head.turn_back(DenseMaps(other.heatmaps, other.displacements))
        torch.testing.assert_close(turned.heatmaps, straight.heatmaps)
        supervised = straight.displacement_weights > 0
        torch.testing.assert_close(
            turned.displacements[supervised], straight.displacements[supervised], atol=1e-3, rtol=0
        )

    @pytest.mark.parametrize('align', ['center', 'corner'])
    def test_flip_test_gives_the_same_people(self, align):
        """Averaging perfect maps with those of the mirrored image leaves the instances where they are."""
        head = make_head(codec_config(256, align=align))
        flip = list(head.decoder.layout.flip_indices)
        people = standing_people([(60, 80, 5), (190, 130, 6)])
        mirrored = people[:, flip].copy()
        mirrored[..., 0] = 256 - 1 - mirrored[..., 0]
        views = {}
        for name, scene in (('straight', people), ('mirrored', mirrored)):
            targets = head.make_targets([encode_sample(head.decoder, scene)])
            views[name] = DenseMaps(targets.heatmaps, targets.displacements)
        head.forward = lambda name: views[name]
        found = head.predict(('straight', 'mirrored'), [None], dict(flip_test=True))[0]
        assert len(found) == 2
        order = np.argsort(found.keypoints[:, 0, 0])
        np.testing.assert_allclose(found.keypoints[order], people, atol=1e-2)

    def test_corner_shifts_to_the_nearest_cell(self):
        """With cells at their first pixel, mirrored heatmaps stand 3/4 of a cell too far left and move one right.

        Gaussians stand on whole cells, so a keypoint ends up on its cell or on the next one to the right: on average
        over all places within a cell, 1/4 of a cell. (No move would leave -3/4, a move to the left -7/4.)
        """
        head = make_head(codec_config(256, align='corner'))
        flip = list(head.decoder.layout.flip_indices)
        shifts = []
        for x in np.arange(128.013, 132, 0.11):  # no place on the border of two cells
            people = standing_people([(x, 110.7, 7)])
            mirrored = people[:, flip].copy()
            mirrored[..., 0] = 256 - 1 - mirrored[..., 0]
            straight, other = (head.make_targets([encode_sample(head.decoder, each)]) for each in (people, mirrored))
            turned = head.turn_back(DenseMaps(other.heatmaps, other.displacements))
            columns = [maps.heatmaps.amax(dim=-2).argmax(dim=-1) for maps in (turned, straight)]
            shifts.append(columns[0] - columns[1])
        assert set(torch.cat(shifts).flatten().tolist()) == {0, 1}
        assert torch.cat(shifts).float().mean().item() == pytest.approx(0.25, abs=0.03)

    def test_turned_twice(self):
        """Turning back twice changes nothing."""
        maps = make_head()(random_features())
        for a, b in zip(maps, make_head().turn_back(make_head().turn_back(maps))):
            torch.testing.assert_close(a, b)


class TestDoors:
    """Constructor and estimator."""

    def test_other_number_of_keypoints(self):
        """The head's K must be the codec's."""
        with pytest.raises(ValueError, match="num_keypoints is 14 but the codec's keypoint set 'coco' has 17"):
            DualCenterHead(TINY_CHANNELS, 14, codec_config(SIZE, metainfo=COCO))

    def test_unknown_argument(self):
        """A misspelt key of the config is named."""
        with pytest.raises(TypeError, match='num_filter'):
            MODELS.build(
                dict(type='DualCenterHead', in_channels=8, num_keypoints=17, decoder=codec_config(), num_filter=1)
            )

    def test_batch_equals_singles(self):
        """A batch of two through the whole estimator equals two batches of one."""
        model = build_model(tiny_model(SIZE, codec_config(SIZE, decoding=dict(candidate_thr=0.0)))).eval()
        torch.nn.init.normal_(model.head.heatmap_branch.final.weight, std=0.5)
        samples = packed_samples(model.head)
        batch = make_batch(samples, SIZE)
        with torch.no_grad():
            both = [s.pred_instances for s in model.test_step(batch)]
            for i, pair in enumerate(both):
                alone = dict(inputs=batch['inputs'][i : i + 1], data_samples=packed_samples(model.head)[i : i + 1])
                single = model.test_step(alone)[0].pred_instances
                assert len(single) == len(pair) > 0
                np.testing.assert_allclose(single.keypoints, pair.keypoints, atol=1e-3)
                np.testing.assert_allclose(single.bbox_scores, pair.bbox_scores, atol=1e-5)
