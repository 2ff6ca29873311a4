from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from dualcenter_mmpose.evaluation.sample_boxes import (
    has_pose_scores,
    join_ground_truth,
    join_predictions,
    read_annotations,
    read_predictions,
    sample_key,
    to_numpy,
)

KEYPOINTS = np.array([[[1, 2], [4, 6]], [[5, 5], [9, 9]]], dtype=np.float32)
SCORES = np.array([[0.5, 0.7], [0.0, 0.0]], dtype=np.float32)


def sample(**instances: object) -> dict[str, object]:
    """Return a data sample of two poses, the second without present keypoints."""
    pred = {'keypoints': KEYPOINTS, 'keypoint_scores': SCORES, **instances}
    return {'img_id': 3, 'id': [8, 9], 'pred_instances': pred}


class TestToNumpy:
    """Tensors, arrays and lists."""

    @pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
    def test_tensors(self, dtype: torch.dtype) -> None:
        """Tensors of any float type, with a gradient or not."""
        values = torch.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
        assert to_numpy(values).tolist() == [1.0, 2.0]

    def test_arrays_are_copied(self) -> None:
        """The result may be changed without touching the argument."""
        values = np.ones(2)
        to_numpy(values)[0] = 5
        assert values[0] == 1


class TestSampleKey:
    """What tells samples apart."""

    @pytest.mark.parametrize(
        ('given', 'expected'),
        [({}, (3,)), ({'id': []}, (3,)), ({'id': [8, 9]}, (3, 8, 9)), ({'id': 8}, (3, 8))],
    )
    def test_ids(self, given: dict, expected: object) -> None:
        """No id, no annotations, bottom-up, top-down."""
        assert sample_key({'img_id': 3, **given}) == expected

    def test_missing_image_id_is_refused(self) -> None:
        """The message names the key and what to do."""
        with pytest.raises(KeyError, match=r"without 'img_id'.*meta_keys"):
            sample_key({'id': 1})


class TestReadPredictions:
    """Boxes and scores of one sample."""

    @pytest.mark.parametrize('wrap', [np.asarray, torch.as_tensor])
    def test_pose_scores(self, wrap: Callable) -> None:
        """The pose of absent joints is left out and counted; numpy and torch read alike."""
        pred = read_predictions(
            sample(
                keypoints=wrap(KEYPOINTS),
                keypoint_scores=wrap(SCORES),
                bbox_scores=wrap(np.array([0.9, 0.8])),
            ),
            True,
            0.0,
        )
        assert pred.boxes.tolist() == [[1, 2, 3, 4]]
        assert pred.scores.tolist() == [0.9]
        assert pred.image_ids.tolist() == [3]
        assert pred.num_without_box == 1

    @pytest.mark.parametrize('use_pose_scores', [True, False])
    def test_keypoint_scores_stand_in(self, use_pose_scores: bool) -> None:
        """Without pose scores, or if told so, the mean keypoint score ranks."""
        extra = {} if use_pose_scores else {'bbox_scores': np.array([0.1, 0.1])}
        pred = read_predictions(sample(**extra), use_pose_scores, 0.0)
        np.testing.assert_allclose(pred.scores, [0.6], atol=1e-7)

    def test_no_pose(self) -> None:
        """An image without predictions gives no boxes."""
        empty = sample(keypoints=np.zeros((0, 2, 2)), keypoint_scores=np.zeros((0, 2)))
        assert read_predictions(empty, True, 0.0).boxes.shape == (0, 4)

    def test_score_that_is_not_finite_is_left_out(self) -> None:
        """Such a pose cannot be ranked; it is counted as left out."""
        pred = read_predictions(sample(bbox_scores=np.array([np.nan, 1])), True, 0.0)
        assert (len(pred.scores), pred.num_without_box) == (0, 2)

    @pytest.mark.parametrize('key', ['keypoints', 'keypoint_scores'])
    def test_missing_entry_is_refused(self, key: str) -> None:
        """The message names the key and what there is."""
        bad = sample()
        del bad['pred_instances'][key]
        with pytest.raises(KeyError, match=f"without '{key}'"):
            read_predictions(bad, True, 0.0)


class TestHasPoseScores:
    """Whether poses carry their own score."""

    def test_both(self) -> None:
        """Told by the key alone."""
        assert has_pose_scores(sample(bbox_scores=np.zeros(2)))
        assert not has_pose_scores(sample())


class TestReadAnnotations:
    """Ground truth of one sample."""

    @pytest.mark.parametrize(
        ('raw', 'expected'),
        [(None, []), ([], []), ([{'id': 1}], [{'id': 1}]), ({'id': 1}, [{'id': 1}])],
    )
    def test_forms(self, raw: object, expected: object) -> None:
        """No person in two forms, bottom-up, top-down."""
        assert read_annotations({'raw_ann_info': raw}) == expected

    def test_missing_is_refused(self) -> None:
        """The message offers the annotation file."""
        with pytest.raises(KeyError, match='ann_file'):
            read_annotations({'img_id': 1})


class TestJoin:
    """Several samples as one."""

    def test_nothing(self) -> None:
        """No samples give empty arrays of the right shapes."""
        assert join_predictions([]).boxes.shape == (0, 4)
        assert join_ground_truth([]).boxes.shape == (0, 4)

    def test_counts_add_up(self) -> None:
        """Rows are chained in order, poses without a box summed."""
        part = read_predictions(sample(), True, 0.0)
        joined = join_predictions([part, part])
        assert len(joined.scores) == 2
        assert joined.num_without_box == 2
