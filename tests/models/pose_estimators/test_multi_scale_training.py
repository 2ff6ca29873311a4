"""Multi-scale training: scales, heads, statistics, checkpoints, and the wrapped estimator at test time."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpose.models.pose_estimators.bottomup import BottomupPoseEstimator
from mmpose.registry import MODELS

from dualcenter_mmpose.models.pose_estimators import MultiScaleTraining
from dualcenter_mmpose.models.pose_estimators.scale_targets import ScalePass
from tests.helpers import (
    build_model,
    codec_config,
    encode_sample,
    make_batch,
    pack_sample,
    random_people,
    tiny_dekr,
    tiny_model,
)

SIZE = 64


def make_model(**options):
    return build_model(tiny_model(SIZE, type='MultiScaleTrainingWrapper', **options))


def training_batch(model, largest=2.0, counts=(2, 3)):
    """Return images at the largest scale's size with targets on the nominal grid."""
    size = int(SIZE * largest)
    instances = [(random_people(n, SIZE, seed=n) + 0.5) * largest - 0.5 for n in counts]
    samples = [encode_sample(model.head.decoder, p, input_size=(size, size)) for p in instances]
    return make_batch(samples, size)


def run_loss(model, batch):
    data = model.data_preprocessor(deepcopy(batch), True)
    return model(**data, mode='loss')


class TestLoss:
    """loss."""

    def test_names(self):
        """Every scale logs its losses under its own name."""
        model = make_model()
        losses = run_loss(model, training_batch(model))
        expected = {f'loss/{kind}_{scale}' for kind in ('heatmap', 'displacement') for scale in ('2x', '1x', '0.5x')}
        assert losses.keys() == expected
        sum(losses.values()).backward()
        assert all(p.grad is not None for p in model.parameters())

    def test_scale_weights(self):
        """Weights (2, 1, 1) average: the large scale counts one half instead of one third."""
        even, uneven = make_model(), make_model(scale_weights=(2, 1, 1))
        batch = training_batch(even)
        a, b = run_loss(even, batch), run_loss(uneven, batch)
        torch.testing.assert_close(b['loss/heatmap_2x'], a['loss/heatmap_2x'] * 3 / 2)
        torch.testing.assert_close(b['loss/heatmap_1x'], a['loss/heatmap_1x'] * 3 / 4)

    def test_a_pass_alone(self):
        """Called with a pass, the model returns the losses of that scale and of no other, as they are within a step."""
        model = make_model()
        data = model.data_preprocessor(training_batch(model), True)
        whole = model(**data, mode='loss')
        for one in model.plan_passes(data['data_samples']):
            alone = model(data['inputs'], mode='loss', scale_pass=one)
            assert alone.keys() == {name for name in whole if name.endswith(f'_{one.scale.label}')}
            for name, value in alone.items():
                assert torch.equal(value, whole[name])

    def test_single_scale_is_the_plain_estimator(self):
        """With the nominal scale alone, the losses are the estimator's own."""
        wrapper, plain = make_model(scales=(1,), person_range=None), build_model(tiny_model(SIZE))
        plain.load_state_dict(wrapper.state_dict())
        batch = training_batch(wrapper, largest=1)
        ours, theirs = run_loss(wrapper, batch), run_loss(plain, batch)
        for name, value in theirs.items():
            torch.testing.assert_close(ours[f'{name}_1x'], value)

    def test_nominal_scale_equals_plain_estimator_on_the_reduced_image(self):
        """The nominal scale of a pyramid is the plain estimator on the area-reduced image."""
        wrapper, plain = make_model(), build_model(tiny_model(SIZE))
        plain.load_state_dict(wrapper.state_dict(), strict=False)
        batch = training_batch(wrapper)
        data = wrapper.data_preprocessor(deepcopy(batch), True)
        reduced = torch.nn.functional.avg_pool2d(data['inputs'], 2)
        expected = plain(reduced, data['data_samples'], mode='loss')
        found = wrapper(**data, mode='loss')
        torch.testing.assert_close(found['loss/heatmap_1x'] * 3, expected['loss/heatmap'])
        torch.testing.assert_close(found['loss/displacement_1x'] * 3, expected['loss/displacement'])

    def test_shared_heads(self):
        """The ablation has no auxiliary heads."""
        model = make_model(share_heads=True)
        assert len(model.auxiliary_heads) == 0
        sum(run_loss(model, training_batch(model)).values()).backward()

    def test_scale_augmentation(self):
        """The control experiment: shared heads, every scale on its own grid."""
        model = make_model(share_heads=True, grid='own')
        shapes = []
        original = model.head.loss_on_targets
        model.head.loss_on_targets = lambda f, t: shapes.append(t.heatmaps.shape[-1]) or original(f, t)
        run_loss(model, training_batch(model))
        assert sorted(shapes) == [8, 16, 32]

    def test_crop_largest(self):
        """A crop of the large scale covers half the grid a side, and costs what the nominal scale costs."""
        model = make_model(crop_largest=True)
        seen = {}
        original = model.extract_feat
        model.extract_feat = lambda x: seen.setdefault('sizes', []).append(x.shape[-1]) or original(x)
        losses = run_loss(model, training_batch(model))
        assert sorted(seen['sizes']) == [32, 64, 64]
        assert torch.isfinite(losses['loss/heatmap_2x'])

    @pytest.mark.parametrize('scales', [(1.5, 1, 0.5), (1, 0.5), (2, 1)])
    def test_other_scales(self, scales):
        """Scales are a config value; each trains."""
        model = make_model(scales=scales)
        losses = run_loss(model, training_batch(model, largest=max(scales)))
        assert len(losses) == 2 * len(scales)
        assert all(torch.isfinite(loss) for loss in losses.values())


class TestPersonRange:
    """GroundTruthInstances per scale."""

    def test_ranges(self):
        """12 px in the scale's own pixels: 1.5, 3 and 6 cells; at most 0.9 of the side, except at the nominal scale."""
        model = make_model()
        found = {scale.factor: model._person_range(scale, stride=4, nominal_side=64) for scale in model.scales}
        assert found[2.0] == pytest.approx((1.5, 14.4))
        assert found[1.0] == (3, float('inf'))
        assert found[0.5] == pytest.approx((6, 14.4))

    def test_wide_images(self):
        """Images of 96 x 64 px on 24 x 16 cells of 4 px: the upper bound is a share of the shorter side, as above."""

        class Targets:
            grid_size = (24, 16)  # (W, H)

            def loss(self, head, feats, request):
                self.request = request
                return {}

        model, targets = make_model(), Targets()
        model.pass_loss(torch.zeros(2, 3, 128, 192), ScalePass(model.scales[0], 1.0, targets))
        assert model.scales[0].factor == 2
        assert targets.request.person_range == pytest.approx((1.5, 14.4))

    def test_ranges_on_own_grids(self):
        """On its own grid a scale's cell is 4 of its own pixels: 3 cells everywhere, 0.9 of its own side."""
        model = make_model(grid='own', share_heads=True)
        found = {scale.factor: model._person_range(scale, stride=4, nominal_side=64) for scale in model.scales}
        assert found[2.0] == pytest.approx((3, 28.8))
        assert found[0.5] == pytest.approx((3, 7.2))

    def test_small_instance_is_supervised_on_the_large_scale_alone(self):
        """An instance of 8 px (2 cells) has displacements on the scale 2S and on no other."""
        model = make_model()
        cells = {}
        for head_key, head in {'1x': model.head, **model.auxiliary_heads}.items():
            original = head.loss_on_targets

            def record(feats, targets, original=original, head_key=head_key):
                cells[head_key] = int((targets.displacement_weights > 0).sum())
                return original(feats, targets)

            head.loss_on_targets = record
        instances = np.random.default_rng(0).uniform(60, 72, (1, 17, 2)).astype(np.float32)  # 2S pixels
        instances = (instances - 66) / np.linalg.norm(instances[0].max(0) - instances[0].min(0)) * 16 + 66
        sample = encode_sample(model.head.decoder, instances.astype(np.float32), input_size=(128, 128))
        run_loss(model, make_batch([sample, sample], 128))
        assert cells['scale_2x'] > 0
        assert cells['1x'] == cells['scale_0_5x'] == 0


class TestStatistics:
    """BatchNorm."""

    def test_only_the_nominal_scale_moves_them(self):
        """After a step on all scales, running statistics equal those of a step on the nominal scale alone."""
        all_scales, nominal = make_model(), build_model(tiny_model(SIZE))
        nominal.load_state_dict(all_scales.state_dict(), strict=False)
        batch = training_batch(all_scales)
        data = all_scales.data_preprocessor(deepcopy(batch), True)
        all_scales(**data, mode='loss')
        nominal(torch.nn.functional.avg_pool2d(data['inputs'], 2), data['data_samples'], mode='loss')
        moved = dict(all_scales.named_buffers())
        for name, value in nominal.named_buffers():
            assert torch.equal(moved[name], value), name
        assert moved['backbone.bn1.num_batches_tracked'] == 1


class TestScaleDraw:
    """scales_per_step."""

    def test_follows_the_iteration(self):
        """The draw depends on the iteration alone, so that all processes agree, and all scales come up."""
        one, other = (make_model(scales_per_step=1, scale_probabilities=(1, 2, 1)) for _ in range(2))
        drawn = [[scale.factor for scale in model.draw_scales()] for model in (one, other) for _ in range(30)]
        assert drawn[:30] == drawn[30:]
        assert {factor for step in drawn for factor in step} == {2.0, 1.0, 0.5}

    def test_passes_share_the_loss(self):
        """Shares are the weights over those drawn: 2 / 3 and 1 / 3 where the scale of weight 3 rests."""
        model = make_model(scales_per_step=2, scale_weights=(2, 1, 3))
        model.draw_scales = lambda: list(model.scales[:2])
        passes = model.plan_passes(training_batch(model)['data_samples'])
        assert [one.share for one in passes] == pytest.approx([2 / 3, 1 / 3])
        assert passes[0].targets is passes[1].targets

    def test_idle_heads_get_zero_gradients(self):
        """DistributedDataParallel waits for every parameter: those of heads that rest get zeros."""
        model = make_model(scales_per_step=1)
        sum(run_loss(model, training_batch(model)).values()).backward()
        idle = [p for head in model.auxiliary_heads.values() for p in head.parameters()]
        assert all(p.grad is not None for p in idle)

    def test_nominal_comes_last(self):
        """A sequential step ends with the nominal scale."""
        assert [scale.factor for scale in make_model().draw_scales()] == [2.0, 0.5, 1.0]


class TestAroundStockDekr:
    """The wrapper around MMPose's own DEKR, changed by its type alone."""

    @pytest.mark.parametrize('options', [{}, dict(sequential=False), dict(crop_largest=True), dict(scales_per_step=1)])
    def test_trains_a_step(self, options):
        """Stock DEKR with its SPR codec trains on three scales."""
        model = build_model(tiny_dekr(SIZE, scale=2, type='MultiScaleTrainingWrapper', **options))
        encoded = model.head.decoder.encode(random_people(2, 128, seed=1), np.ones((2, 17), np.float32))
        codec = model.head.decoder
        batch = make_batch([pack_sample(codec, encoded), pack_sample(codec, encoded)], 128)
        optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
        before = [p.clone() for p in model.parameters()]
        logged = model.train_step(batch, optimizer)
        assert torch.isfinite(logged['loss'])
        assert sum(not torch.equal(a, b) for a, b in zip(before, model.parameters())) > 0.5 * len(before)

    def test_own_grid_is_refused(self):
        """A head whose targets come from the loader cannot serve other grids."""
        with pytest.raises(ValueError, match='DEKRHead does not'):
            build_model(tiny_dekr(SIZE, scale=2, type='MultiScaleTrainingWrapper', grid='own'))


class TestAtTestTime:
    """predict."""

    def test_is_the_wrapped_estimator(self):
        """The wrapper's checkpoint in a plain estimator predicts bit for bit what the wrapper predicts."""
        options = dict(codec=codec_config(SIZE, decoding=dict(candidate_thr=0.0)), test_cfg=dict(flip_test=True))
        wrapper = build_model(tiny_model(SIZE, type='MultiScaleTrainingWrapper', **options)).eval()
        plain = build_model(tiny_model(SIZE, **options)).eval()
        torch.nn.init.normal_(wrapper.head.heatmap_branch.final.weight, std=0.5)
        missing = plain.load_state_dict(wrapper.state_dict(), strict=False)
        assert not missing.missing_keys
        assert all(key.startswith('auxiliary_heads.') for key in missing.unexpected_keys)
        batch = training_batch(wrapper, largest=1)
        with torch.no_grad():
            pairs = zip(wrapper.test_step(deepcopy(batch)), plain.test_step(deepcopy(batch)))
        for a, b in pairs:
            assert len(a.pred_instances) > 0
            for key in ('keypoints', 'keypoint_scores', 'bboxes', 'bbox_scores'):
                assert (a.pred_instances[key] == b.pred_instances[key]).all()


class TestCheckpoints:
    """State dicts."""

    def test_names_are_the_estimator_s(self):
        """All keys of the plain estimator, and auxiliary heads beside them."""
        keys, plain = set(make_model().state_dict()), set(build_model(tiny_model(SIZE)).state_dict())
        assert plain < keys
        assert all(key.startswith('auxiliary_heads.') for key in keys - plain)

    def test_plain_checkpoint_fills_auxiliary_heads(self):
        """A checkpoint without auxiliary heads starts them as copies of the nominal head."""
        plain, wrapper = build_model(tiny_model(SIZE)), make_model()
        torch.nn.init.constant_(plain.head.heatmap_branch.final.bias, 0.7)
        wrapper.load_state_dict(plain.state_dict(), strict=True)
        for head in wrapper.auxiliary_heads.values():
            for a, b in zip(head.parameters(), wrapper.head.parameters()):
                assert torch.equal(a, b)

    def test_dekr_checkpoint_fills_everything(self):
        """A stock DEKR checkpoint starts all heads."""
        wrapper = build_model(tiny_model(SIZE, codec_config(SIZE, align='corner'), type='MultiScaleTrainingWrapper'))
        result = wrapper.load_state_dict(build_model(tiny_dekr(SIZE)).state_dict(), strict=True)
        assert not result.missing_keys

    @pytest.mark.parametrize('prefix', ['', 'module.'])
    def test_names_of_the_last_release(self, prefix):
        """A checkpoint of 0.1.0, whose auxiliary heads were ``level_2x``, loads entry by entry, also below EMA."""
        saved, model = make_model(), make_model()
        state = {prefix + name.replace('.scale_', '.level_'): value for name, value in saved.state_dict().items()}
        assert f'{prefix}auxiliary_heads.level_0_5x.heatmap_branch.final.weight' in state
        loaded = torch.nn.ModuleDict(dict(module=model)) if prefix else model
        loaded.load_state_dict(state, strict=True)
        for name, value in saved.state_dict().items():
            assert torch.equal(model.state_dict()[name], value), name

    def test_deepcopy(self):
        """A copy, as EMA makes it, loads for itself."""
        model = make_model()
        twin = deepcopy(model)
        twin.load_state_dict(build_model(tiny_model(SIZE)).state_dict())
        assert not torch.equal(
            twin.auxiliary_heads['scale_2x'].heatmap_branch.final.weight,
            model.auxiliary_heads['scale_2x'].heatmap_branch.final.weight,
        )


class TestDoors:
    """Options."""

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(scales=(2, 0.5)), 'contain 1'),
            (dict(grid='mine'), "got 'mine'"),
            (dict(scales_per_step=4), 'scales_per_step must be 1 to 3, got 4'),
            (dict(scale_probabilities=(1, 0, 1)), '3 positive numbers'),
            (dict(scales=(1.5, 1), crop_largest=True), 'whole-numbered'),
            (dict(crop_largest=True, grid='own'), 'exclude each other'),
        ],
    )
    def test_bad_options(self, options, message):
        """Each impossible option is named."""
        with pytest.raises(ValueError, match=message):
            make_model(**options)

    def test_unknown_option(self):
        """A misspelt option is named."""
        with pytest.raises(TypeError, match='scale_weight'):
            make_model(scale_weight=(1, 1, 1))

    @pytest.mark.parametrize(
        ('old', 'new', 'value'),
        [
            ('levels', 'scales', (2, 1)),
            ('level_weights', 'scale_weights', (1, 2, 1)),
            ('levels_per_step', 'scales_per_step', 2),
            ('level_probabilities', 'scale_probabilities', (1, 2, 1)),
        ],
    )
    def test_names_of_the_last_release(self, old, new, value):
        """Options of 0.1.0 work, and the warning says what they are called now; both names at once are refused."""
        with pytest.warns(FutureWarning, match=f"MultiScaleTraining: the option '{old}' is now '{new}'"):
            model = make_model(**{old: value})
        same = make_model(**{new: value})
        for name in ('scales', 'scales_per_step', 'scale_probabilities'):
            assert getattr(model, name) == getattr(same, name)
        with pytest.raises(ValueError, match=f"'{old}' and '{new}'"):
            make_model(**{old: value, new: value})

    def test_image_size(self):
        """Images whose scales HRNet cannot halve are refused with the remedy."""
        model = make_model()
        batch = training_batch(model)
        batch['inputs'] = [image[:, :96, :96] for image in batch['inputs']]
        with pytest.raises(ValueError, match='scale 1 of images of .96, 96. px .* would be 48 x 48 px'):
            run_loss(model, batch)


def test_another_estimator_class():
    """Two lines give multi-scale training to an estimator class of one's own."""

    class MyEstimator(BottomupPoseEstimator):
        pass

    class MyMultiScaleEstimator(MultiScaleTraining, MyEstimator):
        pass

    MODELS.register_module(module=MyMultiScaleEstimator, force=True)
    model = build_model(tiny_model(SIZE, type='MyMultiScaleEstimator'))
    assert isinstance(model, MyEstimator)
    assert len(run_loss(model, training_batch(model))) == 6
