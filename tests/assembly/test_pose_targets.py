"""Targets of candidates: OKS as COCO counts it, the closest instance, and whose OKS is known."""

import importlib
import math

import numpy as np
import pytest
import torch

from dualcenter_mmpose.assembly.pose_targets import match_candidates, oks_with_instances
from tests.helpers import RefuseToWait

OKS_SIGMAS = torch.tensor([0.05, 0.1, 0.2])
POSE = torch.tensor([[4.0, 2.0], [2.0, 8.0], [6.0, 8.0]])


def scene(num_candidates=6, num_people=4, num_images=2, seed=0):
    """Return poses near instances, instances, labelled and areas; some keypoints unlabelled, nobody without any."""
    generator = torch.Generator().manual_seed(seed)
    people = 40 * torch.rand(num_images, num_people, 3, 2, generator=generator)
    labelled = torch.rand(num_images, num_people, 3, generator=generator) < 0.7
    labelled[..., 0] = True
    areas = 50 + 400 * torch.rand(num_images, num_people, generator=generator)
    index = torch.arange(num_candidates) % num_people
    poses = people[:, index] + 2 * torch.randn(num_images, num_candidates, 3, 2, generator=generator)
    return poses, people, labelled, areas


class TestOks:
    """oks_with_instances."""

    def test_by_hand(self):
        """One of two labelled keypoints is off by 3 cells, the area is 200 cells^2; the unlabelled one is not read."""
        person = POSE.clone()
        person[2] = math.nan
        pose = POSE + torch.tensor([[0.0, 0.0], [3.0, 0.0], [9.0, 9.0]])
        labelled = torch.tensor([[[True, True, False]]])
        oks = oks_with_instances(pose[None, None], person[None, None], labelled, torch.tensor([[200.0]]), OKS_SIGMAS)
        assert oks.item() == pytest.approx((1 + math.exp(-9 / (2 * 0.2**2 * 200))) / 2)

    @pytest.mark.parametrize('tool', ['pycocotools', 'xtcocotools'])
    def test_equals_coco(self, tool):
        """The numbers are those of the evaluation tools."""
        poses, people, labelled, areas = scene()
        found = oks_with_instances(poses, people, labelled, areas, OKS_SIGMAS)
        for b in range(len(poses)):
            expected = coco_oks(tool, poses[b], people[b], labelled[b], areas[b])
            np.testing.assert_allclose(found[b], expected, atol=1e-5)

    def test_person_without_labels(self):
        """Nothing resembles an instance without labels, padding above all."""
        poses, people, _, areas = scene()
        oks = oks_with_instances(poses, people, torch.zeros(2, 4, 3, dtype=torch.bool), areas * 0, OKS_SIGMAS)
        assert (oks == 0).all()

    def test_unit_does_not_matter(self):
        """Cells or px: only the ratio of distance and size counts."""
        poses, people, labelled, areas = scene()
        other = oks_with_instances(4 * poses, 4 * people, labelled, 16 * areas, OKS_SIGMAS)
        torch.testing.assert_close(other, oks_with_instances(poses, people, labelled, areas, OKS_SIGMAS))


def coco_oks(tool, poses, people, labelled, areas):
    """Return (M, N) as COCO's evaluation tool counts it."""
    evaluation = importlib.import_module(f'{tool}.cocoeval')
    options = dict(sigmas=OKS_SIGMAS.numpy().astype(float), use_area=True) if tool == 'xtcocotools' else {}
    evaluator = evaluation.COCOeval(iouType='keypoints', **options)
    evaluator.params.kpt_oks_sigmas = OKS_SIGMAS.numpy().astype(float)

    def flatten(pose, visible):
        return np.concatenate((pose.numpy(), visible.numpy()[:, None]), axis=1).flatten().astype(float).tolist()

    always = torch.ones(poses.shape[1])
    evaluator._gts[1, 1] = [
        dict(keypoints=flatten(p, v), area=float(a), bbox=[0, 0, 1, 1], num_keypoints=int(v.sum()), iscrowd=0)
        for p, v, a in zip(people, labelled, areas)
    ]
    # The tool sorts by score: falling ones keep the order.
    evaluator._dts[1, 1] = [dict(keypoints=flatten(p, always), score=-float(i)) for i, p in enumerate(poses)]
    return evaluator.computeOks(1, 1)


def match(poses, cells, people, labelled=None, areas=None, valid=None, mask=None, **options):
    """Return the targets of one image's candidates; everything labelled, valid and of 40 cells^2 by default."""
    num, num_people = len(poses), len(people)
    labelled = torch.ones(num_people, 3, dtype=torch.bool) if labelled is None else labelled
    areas = torch.full((num_people,), 40.0) if areas is None else areas
    valid = torch.ones(num, dtype=torch.bool) if valid is None else torch.tensor(valid)
    mask = torch.ones(12, 20, dtype=torch.bool) if mask is None else mask
    batch = (poses, torch.tensor(cells).reshape(num, 2), valid, people, labelled, areas, mask)
    return match_candidates(*(value[None] for value in batch), OKS_SIGMAS, **options)


class TestMatchCandidates:
    """match_candidates."""

    def test_closest_person(self):
        """Each candidate's instance is the one of highest OKS; what resembles nobody has none, and its OKS stays."""
        people = torch.stack((POSE, POSE + torch.tensor([10.0, 0.0])))
        poses = torch.stack((people[1], people[0] + 0.2, POSE + torch.tensor([5.0, 0.0])))
        targets = match(poses, [[14, 6], [4, 6], [9, 6]], people)
        assert targets.identities.tolist() == [[1, 0, -1]]
        assert targets.oks[0, 0] == 1
        assert 0.3 < targets.oks[0, 1] < 1
        assert 0 < targets.oks[0, 2] < 0.3
        torch.testing.assert_close(targets.keypoints[0, :2], people[[1, 0]])
        assert targets.oks_known.all()

    def test_labelled_is_that_person_s(self):
        """The keypoints to learn from are those labelled on the candidate's own instance."""
        people = torch.stack((POSE, POSE + torch.tensor([10.0, 0.0])))
        labelled = torch.tensor([[True, True, False], [True, False, True]])
        targets = match(people[[1, 0]], [[14, 6], [4, 6]], people, labelled)
        assert torch.equal(targets.labelled[0], labelled[[1, 0]])

    @pytest.mark.parametrize(('thr', 'identity'), [(0.5, 0), (0.9, -1)])
    def test_threshold(self, thr, identity):
        """The OKS from which a candidate counts as the instance is an option."""
        pose = POSE + torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0]])  # (2 + exp(-9 / 12.8)) / 3 = 0.83
        targets = match(pose[None], [[4, 6]], POSE[None], identity_thr=thr)
        assert targets.oks.item() == pytest.approx((2 + math.exp(-9 / 12.8)) / 3)
        assert targets.identities.item() == identity

    def test_unlabelled_region(self):
        """The OKS of a candidate like nobody is unknown if its center pixel, x across and y down, is masked."""
        mask = torch.ones(12, 20, dtype=torch.bool)
        mask[3, 15] = False
        stranger = (POSE + torch.tensor([100.0, 0.0]))[None].expand(3, -1, -1)
        targets = match(stranger, [[15, 3], [14, 3], [3, 11]], POSE[None], mask=mask)
        assert targets.oks_known.tolist() == [[False, True, True]]

    def test_labelled_instance_in_an_unlabelled_region(self):
        """The OKS of a candidate on a labelled instance is known wherever its center lies."""
        mask = torch.zeros(12, 20, dtype=torch.bool)
        assert match(POSE[None], [[4, 6]], POSE[None], mask=mask).oks_known.all()

    def test_invalid(self):
        """An empty slot is nobody, whatever its numbers."""
        targets = match(POSE[None], [[4, 6]], POSE[None], valid=[False])
        assert targets.oks.item() == 0
        assert targets.identities.item() == -1
        assert not targets.oks_known.item()

    @pytest.mark.parametrize('num', [0, 1, 3])
    def test_nobody(self, num):
        """Without instances every candidate has a known OKS of 0."""
        targets = match(POSE.expand(num, 3, 2), [[4, 6]] * num, torch.zeros(0, 3, 2))
        assert targets.oks.tolist() == [[0.0] * num]
        assert targets.identities.tolist() == [[-1] * num]
        assert targets.oks_known.tolist() == [[True] * num]
        assert targets.keypoints.shape == (1, num, 3, 2)

    def test_batch_equals_singles(self):
        """Every image has its own instances and its own mask."""
        poses, people, labelled, areas = scene()
        poses[:, 3:] += 200  # like nobody: their regions decide
        generator = torch.Generator().manual_seed(1)
        cells = torch.randint(0, 12, (2, 6, 2), generator=generator)
        valid = torch.ones(2, 6, dtype=torch.bool)
        mask = torch.rand(2, 12, 12, generator=generator) < 0.5
        batch = (poses, cells, valid, people, labelled, areas, mask)
        both = match_candidates(*batch, OKS_SIGMAS)
        assert not torch.equal(both.oks_known[0], both.oks_known[1])
        for i in range(2):
            alone = match_candidates(*(value[i : i + 1] for value in batch), OKS_SIGMAS)
            for a, b in zip(alone, both):
                torch.testing.assert_close(a[0], b[i])

    def test_does_not_wait(self):
        """No question to the device."""
        with RefuseToWait():
            match(POSE.expand(2, 3, 2), [[4, 6]] * 2, POSE[None])
