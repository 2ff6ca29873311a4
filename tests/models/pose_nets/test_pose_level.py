"""The networks together: their outputs, what they are trained on, and that none is ever left without a gradient."""

import pytest
import torch

from dualcenter_mmpose.assembly.features import normalize_poses, sample_pose_features
from dualcenter_mmpose.models.pose_nets.pose_level import KINDS, PoseLevelNets
from dualcenter_mmpose.types import Candidates, PoseTargets, TrainingCandidates
from tests.helpers import RefuseToWait, tiny_pose_nets

CHANNELS, KEYPOINTS, CELL = (4, 6), 3, 4.0


def make_nets(*kinds, trained=False, **options):
    """Return small networks in test mode; ``trained`` gives the refiner's last layer weights that do something."""
    configs = tiny_pose_nets()
    torch.manual_seed(0)
    nets = PoseLevelNets(KEYPOINTS, sum(CHANNELS), **{kind: configs[kind] for kind in kinds or KINDS}, **options).eval()
    if trained:
        torch.nn.init.normal_(nets.nets['refinement'].layers[-1].weight, std=0.05)
    return nets


def make_maps(num_images=2, size=16, seed=0):
    """Return the backbone's maps and the keypoint heatmaps."""
    generator = torch.Generator().manual_seed(seed)
    feats = [torch.randn(num_images, c, size >> i, size >> i, generator=generator) for i, c in enumerate(CHANNELS)]
    return feats, torch.rand(num_images, KEYPOINTS, size, size, generator=generator)


def poses_at(num, num_images=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return 16 * torch.rand(num_images, num, KEYPOINTS, 2, generator=generator)


def as_candidates(keypoints):
    """Return poses as predicted candidates, all valid."""
    num_images, num = keypoints.shape[:2]
    return Candidates(
        keypoints=keypoints,
        scores=torch.full((num_images, num), 0.5),
        cells=torch.zeros(num_images, num, 2, dtype=torch.long),
        center_ids=torch.zeros(num, dtype=torch.long),
        valid=torch.ones(num_images, num, dtype=torch.bool),
    )


def training_case(num, identity=0, num_images=2, known=True):
    """Return candidates to learn from, all of the same identity, whose instances are half a cell to the right."""
    keypoints = poses_at(num, num_images)
    shape = keypoints.shape[:2]
    candidates = TrainingCandidates(
        keypoints, torch.zeros(*shape, 2, dtype=torch.long), torch.ones(shape, dtype=torch.bool)
    )
    targets = PoseTargets(
        oks=torch.full(shape, 0.8),
        identities=torch.full(shape, identity),
        keypoints=keypoints + torch.tensor([0.5, 0.0]),
        labelled=torch.ones(keypoints.shape[:3], dtype=torch.bool),
        oks_known=torch.full(shape, known),
    )
    return candidates, targets


class TestPredict:
    """predict."""

    def test_shapes(self):
        """A confidence, an embedding and a pose for every candidate."""
        outputs = make_nets().predict(*make_maps(), as_candidates(poses_at(5)))
        assert outputs.confidences.shape == (2, 5)
        assert outputs.embeddings.shape == (2, 5, 5)
        assert outputs.refined.shape == (2, 5, KEYPOINTS, 2)

    @pytest.mark.parametrize('kind', KINDS)
    def test_any_alone(self, kind):
        """A network that is left out gives no output, and one alone the same as beside the others."""
        everything = make_nets()
        alone = make_nets(kind)
        alone.load_state_dict({k: v for k, v in everything.state_dict().items() if k.startswith(f'nets.{kind}.')})
        arguments = *make_maps(), as_candidates(poses_at(5))
        field = dict(similarity='embeddings', confidence='confidences', refinement='refined')[kind]
        for name, value in alone.predict(*arguments)._asdict().items():
            if name == field:
                torch.testing.assert_close(value, getattr(everything.predict(*arguments), name))
            else:
                assert value is None

    def test_untrained_refiner(self):
        """Poses come out bit for bit as they went in."""
        poses = poses_at(5)
        assert torch.equal(make_nets().predict(*make_maps(), as_candidates(poses)).refined, poses)

    def test_holds_no_graph(self):
        """An answer is a number, also where nobody has switched gradients off."""
        outputs = make_nets(trained=True).predict(*make_maps(), as_candidates(poses_at(5)))
        assert not any(answer.requires_grad for answer in outputs)

    def test_sees_features_and_heatmaps(self):
        """The networks get what is sampled at the keypoints, of the images as they are."""
        nets, (feats, heatmaps), poses = make_nets(), make_maps(), poses_at(4)
        expected = nets.nets['confidence'](sample_pose_features(feats, heatmaps, poses))
        outputs = nets.predict(feats, heatmaps, as_candidates(poses))
        torch.testing.assert_close(outputs.confidences, expected)
        assert not torch.allclose(nets.predict(feats, heatmaps * 0, as_candidates(poses)).confidences, expected)
        assert not torch.allclose(nets.predict([f * 0 for f in feats], heatmaps, as_candidates(poses))[0], expected)

    def test_batch_equals_singles(self):
        """Outputs of an image do not depend on the others, nor those of a candidate."""
        nets, (feats, heatmaps), poses = make_nets(trained=True), make_maps(3), poses_at(5, 3)
        together = nets.predict(feats, heatmaps, as_candidates(poses))
        for i in range(3):
            one = slice(i, i + 1)
            alone = nets.predict([feat[one] for feat in feats], heatmaps[one], as_candidates(poses[one, 2:3]))
            for a, b in zip(alone, together):
                torch.testing.assert_close(a[0, 0], b[i, 2], atol=1e-5, rtol=1e-5)

    def test_mixed_precision(self):
        """Autocast does not reach the networks: coordinates and scores keep their precision."""
        nets, (feats, heatmaps), candidates = make_nets(trained=True), make_maps(), as_candidates(poses_at(5))
        plain = nets.predict(feats, heatmaps, candidates)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            cast = nets.predict(feats, heatmaps, candidates)
        for a, b in zip(cast, plain):
            assert a.dtype == torch.float32
            torch.testing.assert_close(a, b)


class TestLoss:
    """loss."""

    def test_names(self):
        """One loss for each network."""
        losses = make_nets().loss(*make_maps(), *training_case(4), CELL)
        assert set(losses) == {'loss/similarity', 'loss/confidence', 'loss/refinement'}
        assert set(make_nets('confidence').loss(*make_maps(), *training_case(4), CELL)) == {'loss/confidence'}

    @pytest.mark.parametrize('num', [0, 1, 4])
    @pytest.mark.parametrize(('identity', 'known'), [(-1, False), (-1, True), (0, True)])
    def test_every_parameter_gets_a_gradient(self, num, identity, known):
        """No candidate, one, none on an instance, none whose OKS is known: finite, and nothing is left out."""
        nets = make_nets().train()
        losses = nets.loss(*make_maps(), *training_case(num, identity, known=known), CELL)
        assert all(torch.isfinite(loss) for loss in losses.values())
        sum(losses.values()).backward()
        for name, parameter in nets.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name

    def test_maps_learn_nothing(self):
        """The backbone and the heads get no gradient through the networks."""
        feats, heatmaps = make_maps()
        feats = [feat.requires_grad_() for feat in feats]
        heatmaps.requires_grad_()
        candidates, targets = training_case(4)
        candidates.keypoints.requires_grad_()
        sum(make_nets(trained=True).loss(feats, heatmaps, candidates, targets, CELL).values()).backward()
        assert all(tensor.grad is None for tensor in (*feats, heatmaps, candidates.keypoints))

    def test_unknown_oks_supervises_no_confidence(self):
        """A candidate of unknown OKS changes neither the confidence loss nor its gradient."""
        candidates, targets = training_case(4)
        known = torch.tensor([True, True, False, True]).expand(2, 4)
        gradients = []
        for oks in (0.0, 1.0):
            nets = make_nets('confidence')
            spoilt = targets._replace(oks=torch.where(known, targets.oks, oks), oks_known=known)
            loss = nets.loss(*make_maps(), candidates, spoilt, CELL)['loss/confidence']
            loss.backward()
            gradients.append([loss.detach(), *(p.grad for p in nets.parameters())])
        for a, b in zip(*gradients):
            assert torch.equal(a, b)

    def test_untrained_refinement_loss(self):
        """The identity's loss by hand: half a cell in x, nothing in y, over the diagonal."""
        candidates, targets = training_case(1, num_images=1)
        _, diagonal = normalize_poses(candidates.keypoints)
        loss = make_nets().loss(*make_maps(1), candidates, targets, CELL)['loss/refinement']
        assert loss.item() == pytest.approx(0.5 * (0.5 / diagonal.item()) ** 2)

    @pytest.mark.parametrize('trained', [False, True])
    def test_pixels_are_diagonals_times_diagonal_squared(self, trained):
        """One candidate's loss in input px^2 is its loss in diagonals times the square of its diagonal in px."""
        candidates, targets = training_case(1, num_images=1)
        diagonal_px = normalize_poses(candidates.keypoints)[1].item() * CELL
        losses = [
            make_nets('refinement', trained=trained, refinement_units=units).loss(
                *make_maps(1), candidates, targets, CELL
            )['loss/refinement']
            for units in ('diagonal', 'pixel')
        ]
        assert losses[1].item() == pytest.approx(losses[0].item() * diagonal_px**2, rel=1e-4)
        if not trained:
            assert losses[1].item() == pytest.approx(0.5 * (0.5 * CELL) ** 2)  # half a cell is 2 px

    def test_mixed_precision(self):
        """Under autocast, with maps in half precision, losses are full-precision numbers of the same value."""
        feats, heatmaps = make_maps()
        feats = [feat.bfloat16() for feat in feats]
        arguments = feats, heatmaps, *training_case(4), CELL
        plain = make_nets(trained=True).loss(*arguments)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            cast = make_nets(trained=True).loss(*arguments)
        for name, loss in plain.items():
            assert cast[name].dtype == torch.float32
            torch.testing.assert_close(cast[name], loss)

    def test_does_not_wait(self):
        """Forward and backward: no question to the device."""
        nets, arguments = make_nets().train(), (*make_maps(), *training_case(4))
        with RefuseToWait():
            sum(nets.loss(*arguments, CELL).values()).backward()


class TestDoors:
    """The constructor."""

    def test_units(self):
        """Unknown units are named."""
        with pytest.raises(ValueError, match="refinement_units must be one of .'diagonal', 'pixel'., got 'cell'"):
            make_nets(refinement_units='cell')

    def test_none(self):
        """No network at all is refused with the remedy."""
        with pytest.raises(ValueError, match='at least one of .*leave it out for none'):
            PoseLevelNets(KEYPOINTS, 4)

    def test_unknown_network(self):
        """A misspelt network is named."""
        with pytest.raises(TypeError, match='similarty'):
            PoseLevelNets(KEYPOINTS, 4, similarty=dict(type='PoseSimilarityNet'))
