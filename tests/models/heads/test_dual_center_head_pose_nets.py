"""The head with pose-level networks: losses, frozen stages, and interfaces."""

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper

from dualcenter_mmpose.models.heads import DualCenterHead
from dualcenter_mmpose.models.pose_nets.pose_level import KINDS
from dualcenter_mmpose.types import DenseMaps
from tests.helpers import (
    TINY_CHANNELS,
    RefuseToWait,
    build_model,
    codec_config,
    encode_sample,
    make_batch,
    standing_people,
    tiny_model,
    tiny_pose_nets,
    with_pose_nets,
)
from tests.models.heads.pose_heads import (
    SIZE,
    TWO_PEOPLE,
    make_head,
    packed_samples,
    random_features,
    true_candidates,
)

POSE_LOSSES = {f'loss/{kind}' for kind in KINDS}
DENSE_LOSSES = {'loss/heatmap', 'loss/displacement'}


class TestLoss:
    """loss, loss_on_targets."""

    @pytest.mark.parametrize(('train_dense', 'expected'), [(True, POSE_LOSSES | DENSE_LOSSES), (False, POSE_LOSSES)])
    def test_names(self, train_dense, expected):
        """A loss for each network; the dense ones unless they are frozen."""
        head = make_head(train_dense=train_dense)
        assert head.loss(random_features(), packed_samples(head)).keys() == expected

    @pytest.mark.parametrize('train_dense', [True, False])
    @pytest.mark.parametrize('counts', [(0, 0), (0, 3), (1, 0)])
    @pytest.mark.parametrize('candidate_thr', [0.0, 2.0])  # 2: no peak is a candidate
    def test_every_parameter_gets_a_gradient(self, train_dense, counts, candidate_thr):
        """No instance, no candidate, or only some: losses are finite and nothing that trains is left out."""
        head = make_head(codec_config(SIZE, decoding=dict(candidate_thr=candidate_thr)), train_dense=train_dense)
        losses = head.train().loss(random_features(), packed_samples(head, counts))
        assert all(torch.isfinite(loss) for loss in losses.values())
        sum(losses.values()).backward()
        for name, parameter in head.named_parameters():
            if train_dense or name.startswith('pose_nets.'):
                assert parameter.grad is not None, name
                assert torch.isfinite(parameter.grad).all(), name
            else:
                assert parameter.grad is None, name

    def test_one_candidate(self):
        """A single candidate has nobody to compare with; the other networks learn from it."""
        options = dict(centers=[dict(name='body_center', rule='pair_mid')], decoding=dict(candidate_thr=2.0))
        head = make_head(codec_config(SIZE, **options), pose_training=dict(num_jittered=0, identity_thr=1e-6))
        torch.nn.init.normal_(head.displacement_branch.finals[0].weight, std=0.1)
        losses = head.loss(random_features(1), [encode_sample(head.decoder, standing_people([(30, 30, 2)]))])
        assert losses['loss/similarity'] == 0
        assert losses['loss/confidence'] > 0
        assert torch.isfinite(losses['loss/refinement'])

    def test_dense_part_learns_nothing_from_poses(self):
        """The networks' losses reach neither the branches nor the backbone."""
        head, feats = make_head(), random_features()
        feats = tuple(feat.requires_grad_() for feat in feats)
        losses = head.loss(feats, packed_samples(head))
        sum(losses[name] for name in POSE_LOSSES).backward()
        assert all(feat.grad is None for feat in feats)
        assert all(p.grad is None for name, p in head.named_parameters() if not name.startswith('pose_nets.'))

    def test_dense_losses_do_not_change(self):
        """With the networks beside them, the dense losses are what they were."""
        head, plain = make_head(), make_head(pose_nets=None)
        feats = random_features()
        losses, expected = head.loss(feats, packed_samples(head)), plain.loss(feats, packed_samples(plain))
        for name in DENSE_LOSSES:
            assert torch.equal(losses[name], expected[name])

    def test_true_poses(self):
        """Perfect maps without jitter: every candidate's OKS is 1, and nothing is left to refine."""
        head = make_head(codec_config(256), pose_training=dict(num_jittered=0)).eval()
        samples = [encode_sample(head.decoder, TWO_PEOPLE)]
        targets = head.make_targets(samples)
        head.forward = lambda feats: DenseMaps(targets.heatmaps, targets.displacements)
        losses = head.loss(random_features(1, 256), samples)
        assert losses['loss/refinement'].item() == pytest.approx(0, abs=1e-8)
        confidences = head.pose_nets.predict(random_features(1, 256), targets.heatmaps[:, :17], true_candidates(head))
        # Two instances, two centers: each of the four poses was found at its peak and read at its center.
        expected = (1 - confidences.confidences).square().mean()
        assert losses['loss/confidence'].item() == pytest.approx(expected.item(), rel=1e-4)

    def test_dense_targets(self):
        """Maps that the loader made hold no instances to learn from: refused with the remedy."""
        head = make_head(codec_config(SIZE, dense_targets=True))
        with pytest.raises(ValueError, match='dense_targets=False in the codec of GenerateTarget'):
            head.loss(random_features(), packed_samples(head))

    def test_without_instances(self):
        """Other scales than the nominal one supervise the dense part alone."""
        head = make_head()
        losses = head.loss_on_targets(random_features(), head.make_targets(packed_samples(head)))
        assert losses.keys() == DENSE_LOSSES

    def test_networks_fall(self):
        """A few steps on one batch lower the three losses."""
        head = make_head(train_dense=False, pose_training=dict(num_jittered=4))
        feats, samples = random_features(), packed_samples(head, (3, 2))
        targets = head.make_targets(samples)
        head.forward = lambda feats: DenseMaps(targets.heatmaps, targets.displacements)
        optimizer = torch.optim.Adam([p for p in head.parameters() if p.requires_grad], lr=0.01)
        history = []
        for _ in range(40):
            losses = head.train().loss(feats, samples)
            optimizer.zero_grad()
            sum(losses.values()).backward()
            optimizer.step()
            history.append([losses[name].item() for name in sorted(POSE_LOSSES)])
        first, last = np.mean(history[:4], axis=0), np.mean(history[-4:], axis=0)
        assert (last < 0.7 * first).all(), (first, last)

    def test_does_not_wait(self):
        """From maps to gradients, no question to the device."""
        head = make_head()
        feats, samples = random_features(), packed_samples(head)
        targets, instances = head.make_targets(samples), head.unpack_instances(samples)
        with RefuseToWait():
            sum(head.loss_on_targets(feats, targets, instances).values()).backward()


class TestFrozenStage:
    """train_dense=False, frozen_stages=4, norm_eval=True."""

    @pytest.mark.parametrize('options', [{}, dict(type='MultiScaleTrainingWrapper', scales=(1,))])
    def test_only_the_networks_move(self, options):
        """After two steps no frozen weight or statistic has moved by a bit, and every weight of the networks has."""
        model = self.make_model(**options)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        optimizer = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1))
        for step in range(2):
            model.train()
            batch = make_batch(packed_samples(model.head, (2, 1)), SIZE, seed=step)
            model.train_step(batch, optimizer)
        for name, value in model.state_dict().items():
            assert torch.equal(before[name], value) is not name.startswith('head.pose_nets.'), name
        assert any('running_mean' in name for name in before)

    def make_model(self, **options):
        # Random maps resemble nobody; they must, for all networks to learn.
        training = dict(identity_thr=1e-9)
        config = with_pose_nets(tiny_model(SIZE, **options), train_dense=False, pose_training=training)
        config['backbone'].update(frozen_stages=4, norm_eval=True)
        return build_model(config)

    def test_dense_part_keeps_test_mode(self):
        """train() reaches the networks alone."""
        head = make_head(train_dense=False).train()
        assert not any(m.training for m in head.heatmap_branch.modules())
        assert not any(m.training for m in head.displacement_branch.modules())
        assert all(m.training for m in head.pose_nets.modules())
        assert all(m.training for m in make_head().train().heatmap_branch.modules())

    def test_dense_part_holds_no_graph(self):
        """Frozen branches cost a training step no memory for backward."""
        head = make_head(train_dense=False)
        feats = tuple(feat.requires_grad_() for feat in random_features())
        maps = []
        original = head.forward
        head.forward = lambda feats: maps.append(original(feats)) or maps[-1]
        head.loss(feats, packed_samples(head))
        assert not maps[0].heatmaps.requires_grad
        assert not maps[0].displacements.requires_grad

    def test_targets_are_not_made(self):
        """Heatmaps that supervise nothing are not rendered."""
        head = make_head(train_dense=False)
        samples = packed_samples(head)
        head.make_targets = lambda *_, **__: pytest.fail('targets were made')
        head.loss(random_features(), samples)


class TestDoors:
    """The constructor."""

    def test_nothing_to_train(self):
        """A frozen dense part without networks is refused with the remedy."""
        with pytest.raises(ValueError, match='leaves nothing to train: give pose_nets'):
            make_head(pose_nets=None, train_dense=False)

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(pose_nets={}), 'at least one of'),
            (dict(pose_nets=tiny_pose_nets(refinement_units='cell')), "got 'cell'"),
            (dict(pose_training=dict(num_jittered=-1)), 'num_jittered must be at least 0'),
        ],
    )
    def test_bad_options(self, options, message):
        """Each wrong value is named."""
        with pytest.raises(ValueError, match=message):
            make_head(**options)

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(pose_nets=tiny_pose_nets(similarty=1)), 'similarty'),
            (dict(pose_training=dict(jitter=1)), 'jitter'),
        ],
    )
    def test_unknown_options(self, options, message):
        """Each misspelt key is named."""
        with pytest.raises(TypeError, match=message):
            make_head(**options)

    def test_one_joined_map(self):
        """A neck's single map of all channels serves the networks as the four maps do in number."""
        torch.manual_seed(0)
        options = dict(num_heatmap_filters=8, num_displacement_filters_per_keypoint=2, pose_nets=tiny_pose_nets())
        head = DualCenterHead(sum(TINY_CHANNELS), 17, codec_config(SIZE), **options)
        losses = head.loss([head.fuse(random_features())], packed_samples(head))
        assert losses.keys() == POSE_LOSSES | DENSE_LOSSES

    def test_dense_checkpoint(self):
        """Stage 2 starts from a checkpoint of stage 1: everything of it is used, only the networks are missing."""
        dense, head = make_head(pose_nets=None), make_head(train_dense=False)
        result = head.load_state_dict(dense.state_dict(), strict=False)
        assert not result.unexpected_keys
        assert all(key.startswith('pose_nets.') for key in result.missing_keys)
