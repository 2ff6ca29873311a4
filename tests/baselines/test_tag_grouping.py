"""Grouping by tags: by hand, and equal to MMPose's on random candidates."""

from __future__ import annotations

import numpy as np
import pytest
from mmpose.codecs.associative_embedding import _group_keypoints_by_tags

from dualcenter_mmpose.baselines.tag_grouping import group_by_tags, usual_order
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout
from tests.helpers import COCO, CROWDPOSE

THRESHOLDS = dict(keypoint_thr=0.1, tag_thr=1.0)


def random_candidates(kind, seed):
    """Return scores, tags and cells of random candidates around the tags of a few instances."""
    rng = np.random.default_rng(seed)
    num_keypoints, num_candidates = rng.integers(2, 18), rng.integers(1, 31)
    num_tags = rng.integers(1, 3)
    shape = (num_keypoints, num_candidates)
    instances = rng.normal(size=(rng.integers(1, 12), num_tags)) * dict(wide=10, close=1, equal=2, empty=1)[kind]
    spread = 0 if kind == 'equal' else 0.3
    tags = instances[rng.integers(0, len(instances), shape)] + spread * rng.normal(size=(*shape, num_tags))
    scores = rng.random(shape) * (0.1 if kind == 'empty' else 1)
    cells = rng.integers(0, 512, (*shape, 2))
    return scores.astype(np.float32), tags.astype(np.float32), cells


class TestGroupByTags:
    """Candidates find their instances."""

    def test_by_hand(self):
        """Tags 0 and 5 open two instances; 0.2 and 4.9 join them; 9 is too far from both and opens a third."""
        scores = np.array([[0.9, 0.8, 0.0], [0.7, 0.6, 0.5]], np.float32)
        tags = np.array([[[0.0], [5.0], [0.0]], [[4.9], [9.0], [0.2]]], np.float32)
        cells = np.arange(12).reshape(2, 3, 2)
        groups = group_by_tags(scores, tags, cells, [0, 1], **THRESHOLDS)
        assert groups.scores.tolist() == np.float32([[0.9, 0.5], [0.8, 0.7], [0.0, 0.6]]).tolist()
        assert groups.cells.tolist() == [[[0, 1], [10, 11]], [[2, 3], [6, 7]], [[0, 0], [8, 9]]]

    @pytest.mark.parametrize('seed', range(12))
    @pytest.mark.parametrize('kind', ['wide', 'close', 'equal', 'empty'])
    def test_same_as_mmpose(self, kind, seed):
        """The same instances in the same order: tags far apart, within rounding distance (ties), and exactly equal."""
        scores, tags, cells = random_candidates(kind, seed)
        order = np.random.default_rng(seed).permutation(len(scores)).tolist()
        theirs = _group_keypoints_by_tags(scores, tags, cells, order, val_thr=0.1, tag_thr=1.0)
        groups = group_by_tags(scores, tags, cells, order, **THRESHOLDS)
        assert np.array_equal(groups.cells, theirs[..., :2])
        assert np.array_equal(groups.scores, theirs[..., 2])

    def test_nobody(self):
        """Nothing above the threshold: no instance, shapes kept."""
        groups = group_by_tags(*random_candidates('empty', 0), list(range(2)), **THRESHOLDS)
        assert groups.cells.shape == (0, 2, 2)
        assert groups.scores.shape == (0, 2)

    def test_arguments_stay(self):
        """Candidates are not changed."""
        candidates = random_candidates('close', 1)
        before = [values.copy() for values in candidates]
        group_by_tags(*candidates, list(range(len(candidates[0]))), **THRESHOLDS)
        assert all(np.array_equal(a, b) for a, b in zip(candidates, before))


class TestUsualOrder:
    """Head, shoulders, hips, limbs."""

    def test_coco(self):
        """MMPose's order on COCO."""
        expected = [0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16]
        assert usual_order(load_keypoint_layout(COCO)) == expected

    def test_crowdpose(self):
        """Top of the head (12) and neck (13) first, then shoulders (0, 1), hips (6, 7) and the rest."""
        assert usual_order(load_keypoint_layout(CROWDPOSE)) == [12, 13, 0, 1, 6, 7, 2, 3, 4, 5, 8, 9, 10, 11]
