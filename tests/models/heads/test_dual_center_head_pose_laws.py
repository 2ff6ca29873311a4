"""Laws of the head with pose-level networks: unlabelled regions, mirrored images, batches, and an untrained refiner."""

import numpy as np
import pytest
import torch

from dualcenter_mmpose.types import DenseMaps
from tests.helpers import (
    TINY_CHANNELS,
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


class TestUnlabelledRegions:
    """Candidates on regions without labels."""

    def losses(self, crowd, left=1.0):
        """Return the confidence loss, its gradients and the two confidences, of a peak on either side of an image.

        Nobody is labelled; ``crowd`` are annotations, ``left`` is the length of the left pose's vectors.
        """
        head = make_head().eval()
        heatmaps, displacements = torch.zeros(1, 19, 16, 16), torch.ones(1, 68, 16, 16)
        heatmaps[0, 17, 8, 3] = heatmaps[0, 17, 8, 12] = 0.9
        displacements[..., :8] *= left
        head.forward = lambda feats: DenseMaps(heatmaps, displacements)
        nobody = np.zeros((0, 17, 2), np.float32)
        sample = encode_sample(head.decoder, nobody, raw_ann_info=crowd)
        loss = head.loss(random_features(1), [sample])['loss/confidence']
        loss.backward()
        keypoints = torch.tensor([[3.0, 8.0], [12.0, 8.0]])[:, None] + torch.tensor([left, 1.0])[:, None, None]
        two = true_candidates(head)._replace(keypoints=keypoints.expand(2, 17, 2)[None])
        outputs = head.pose_nets.predict(random_features(1), heatmaps[:, :17], two)
        gradients = [p.grad for p in head.pose_nets.nets['confidence'].parameters()]
        return loss.detach(), gradients, outputs.confidences[0].detach()

    def test_contributes_nothing(self):
        """Half of the image is a crowd: the peak there changes neither value nor gradient, whatever its pose."""
        crowd = [dict(iscrowd=1, bbox=[0, 0, 32, 64], segmentation=None)]
        loss, gradients, confidences = self.losses(crowd)
        assert loss.item() == pytest.approx(confidences[1].square().item())
        other_loss, other_gradients, other_confidences = self.losses(crowd, left=-2.0)
        assert other_confidences[0] != confidences[0]
        assert torch.equal(loss, other_loss)
        assert all(torch.equal(a, b) for a, b in zip(gradients, other_gradients))
        assert any((gradient != 0).any() for gradient in gradients)

    def test_person_without_keypoints(self):
        """Likewise where an instance has a box but no keypoints; with both sides covered, nothing is learned."""
        boxes = [dict(keypoints=[0] * 51, bbox=[x, 0, 32, 64], segmentation=[]) for x in (0, 32)]
        one, _, confidences = self.losses(boxes[:1])
        assert one.item() == pytest.approx(confidences[1].square().item())
        both, gradients, _ = self.losses(boxes)
        assert both == 0
        assert all((gradient == 0).all() for gradient in gradients)

    def test_elsewhere_it_counts(self):
        """Without such a region both peaks are false alarms: 0 is right for both."""
        loss, _, confidences = self.losses([])
        assert loss.item() == pytest.approx(confidences.square().mean().item())


def mirror_of(instances, flip):
    """Return instances of an image of 256 px mirrored, left and right exchanged."""
    mirrored = instances[:, flip].copy()
    mirrored[..., 0] = 255 - mirrored[..., 0]
    return mirrored


def make_even(net, channels, flip):
    """Give a network weights that do not tell left from right, so that mirrored poses mean the same to it."""
    with torch.no_grad():
        seen = net.stem.projection.weight[:, channels:]
        seen.copy_((seen + seen[:, flip]) / 2)
        layer = net.layers[0].weight
        width = net.stem.projection.out_features
        blocks = layer[:, : 17 * width].unflatten(1, (17, width))
        layer[:, : 17 * width] = ((blocks + blocks[:, flip]) / 2).flatten(1)


class TestMirror:
    """Mirrored image, mirrored instances."""

    @pytest.mark.parametrize('even', [True, False])
    def test_flip_test(self, even):
        """With flip_test, whatever the maps: instances mirrored, equal confidences if the networks know no sides."""
        head = make_head(codec_config(256)).eval()
        flip = list(head.decoder.layout.flip_indices)
        torch.nn.init.normal_(head.pose_nets.nets['confidence'].layers[-1].weight, std=2)
        if even:
            for name in ('similarity', 'confidence'):
                make_even(head.pose_nets.nets[name], sum(TINY_CHANNELS), flip)
        straight, turned = self.views(head, standing_people([(60, 80, 5), (190, 130, 6), (120, 160, 4)]))
        feats = random_features(1, 256)
        mirrored_feats = tuple(feat.flip(-1) for feat in feats)
        maps = {id(feats): straight, id(mirrored_feats): turned}
        head.forward = lambda view: maps[id(view)]
        option = dict(flip_test=True)
        found = by_place(head.predict((feats, mirrored_feats), [None], option)[0])
        other = by_place(head.predict((mirrored_feats, feats), [None], option)[0], flip)
        assert len(found.keypoints) == 3
        if not even:  # left weighs more than right: other scores, and with them other poses that stand for a group
            assert not np.allclose(other.bbox_scores, found.bbox_scores, atol=1e-3)
            return
        np.testing.assert_allclose(other.keypoints, found.keypoints, atol=1e-3)
        np.testing.assert_allclose(other.keypoint_scores, found.keypoint_scores, atol=1e-5)
        np.testing.assert_allclose(other.bbox_scores, found.bbox_scores, atol=1e-5)

    def views(self, head, instances):
        """Return maps of a scene and of its mirror image, with errors that are not mirrored."""
        views, generator = [], torch.Generator().manual_seed(0)
        for scene in (instances, mirror_of(instances, list(head.decoder.layout.flip_indices))):
            targets = head.make_targets([encode_sample(head.decoder, scene)])
            noise = torch.randn(targets.displacements.shape, generator=generator)
            heat = targets.heatmaps * (1 - 0.1 * torch.rand(targets.heatmaps.shape, generator=generator))
            views.append(DenseMaps(heat, targets.displacements + 0.3 * noise))
        return views

    def test_features_are_of_the_image_itself(self):
        """The networks see the unflipped features, once, and the averaged heatmaps."""
        head = make_head(codec_config(256)).eval()
        straight, turned = self.views(head, standing_people([(60, 80, 5)]))
        feats, mirrored_feats = random_features(1, 256), random_features(1, 256, seed=1)
        maps = {id(feats): straight, id(mirrored_feats): turned}
        head.forward = lambda view: maps[id(view)]
        calls = []
        predict_once = head.pose_nets.predict
        head.pose_nets.predict = lambda *arguments: calls.append(arguments) or predict_once(*arguments)
        head.predict((feats, mirrored_feats), [None], dict(flip_test=True))
        assert len(calls) == 1
        assert calls[0][0] is feats
        averaged = (straight.heatmaps + head.turn_back(turned).heatmaps)[:, :17] / 2
        torch.testing.assert_close(calls[0][1], averaged)


def by_place(found, flip=None):
    """Return instances from left to right; with ``flip``, mirrored first."""
    if flip is not None:
        found.keypoints = mirror_of(found.keypoints, flip)
        found.keypoint_scores = found.keypoint_scores[:, flip]
    return found[np.argsort(found.keypoints[:, 0, 0])]


class TestPredict:
    """predict."""

    def test_confidence_is_the_score(self):
        """The instance score is the network's output for the representative, not the center's heatmap value."""
        head = make_head(codec_config(256)).eval()
        samples = [encode_sample(head.decoder, TWO_PEOPLE[:1])]
        targets = head.make_targets(samples)
        head.forward = lambda feats: DenseMaps(targets.heatmaps, targets.displacements)
        found = head.predict(random_features(1, 256), samples)[0]
        peaks = head.pose_nets.predict(random_features(1, 256), targets.heatmaps[:, :17], true_candidates(head))
        assert found.bbox_scores.tolist() == pytest.approx([peaks.confidences[0, 0].item()], abs=1e-4)
        plain = make_head(codec_config(256), pose_nets=None)
        plain.forward = head.forward
        assert plain.predict(None, samples)[0].bbox_scores.tolist() == pytest.approx([1])

    def test_untrained_refiner_changes_nothing(self):
        """Initialised as in training, it leaves every number as it is without it."""
        nets = dict(refinement=tiny_pose_nets()['refinement'])
        head, plain = make_head(pose_nets=nets), make_head(pose_nets=None)
        head.init_weights()
        plain.load_state_dict({k: v for k, v in head.state_dict().items() if not k.startswith('pose_nets.')})
        for model in (head, plain):
            torch.nn.init.constant_(model.heatmap_branch.final.bias, 0.1)
        feats, samples = random_features(), packed_samples(head)
        for a, b in zip(head.eval().predict(feats, samples), plain.eval().predict(feats, samples)):
            assert len(a) > 0
            for key in ('keypoints', 'keypoint_scores', 'bboxes', 'bbox_scores'):
                assert (a[key] == b[key]).all()

    @pytest.mark.parametrize('flip_test', [False, True])
    def test_batch_equals_singles(self, flip_test):
        """A batch of three through the whole estimator, networks included, equals three batches of one."""
        codec = codec_config(SIZE, decoding=dict(candidate_thr=0.0))
        model = build_model(with_pose_nets(tiny_model(SIZE, codec, test_cfg=dict(flip_test=flip_test)))).eval()
        for layer in (model.head.heatmap_branch.final, model.head.displacement_branch.finals[0]):
            torch.nn.init.normal_(layer.weight, std=0.5)
        for name in ('confidence', 'refinement'):
            torch.nn.init.normal_(model.head.pose_nets.nets[name].layers[-1].weight, std=0.5)
        batch = make_batch(packed_samples(model.head, (2, 1, 0)), SIZE)
        with torch.no_grad():
            together = [sample.pred_instances for sample in model.test_step(batch)]
            for i, one in enumerate(together):
                samples = packed_samples(model.head, (2, 1, 0))[i : i + 1]
                alone = model.test_step(dict(inputs=batch['inputs'][i : i + 1], data_samples=samples))[0].pred_instances
                assert len(alone) == len(one) > 1
                assert one.bbox_scores.std() > 1e-3
                for key in ('keypoints', 'keypoint_scores', 'bboxes', 'bbox_scores'):
                    np.testing.assert_allclose(alone[key], one[key], rtol=1e-5, atol=1e-5, err_msg=key)
