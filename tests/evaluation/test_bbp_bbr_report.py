from __future__ import annotations

import json

import numpy as np

from dualcenter_mmpose.evaluation.bbp_bbr import evaluate_boxes
from dualcenter_mmpose.evaluation.bbp_bbr_report import evaluation_to_dict, format_table, percent
from dualcenter_mmpose.evaluation.box_types import BoxEvaluation, GroundTruth, Predictions


def half_found() -> BoxEvaluation:
    """Return the evaluation of two small persons, one found at 0.2, and one pose without joints."""
    box = [0.0, 0.0, 10.0, 10.0]
    gt = GroundTruth(np.array([1, 2]), np.array([box, box]), np.array([100.0, 100.0]), np.zeros(2, bool))
    return evaluate_boxes(gt, Predictions(np.array([1]), np.array([box]), np.array([0.2]), 1))


class TestPercent:
    """Ratios in percent."""

    def test_values(self) -> None:
        """A ratio of a half is 50 percent; what is not defined stays so."""
        assert percent(0.5) == 50.0
        assert percent(float('nan')) is None


class TestEvaluationToDict:
    """Numbers for programs."""

    def test_numbers(self) -> None:
        """Recall 1/2; precision 1 up to recall 1/2, 51 of 101 levels; no person is large."""
        numbers = evaluation_to_dict(half_found())
        assert numbers['BBR'] == {'All': 50.0, 'S': 50.0, 'M': None, 'L': None}
        assert round(numbers['BBP']['S'], 9) == round(5100 / 101, 9)
        assert numbers['num_gt'] == {'All': 2, 'S': 2, 'M': 0, 'L': 0}
        assert numbers['precision_at_score']['0.1']['All'] == 100.0
        assert numbers['precision_at_score']['0.3']['All'] is None
        assert numbers['recall_at_score']['0.3']['All'] == 0.0
        assert numbers['best_f1']['S']['score'] == 0.2
        assert numbers['num_poses_without_box'] == 1

    def test_is_json(self) -> None:
        """Numbers that are not defined become null, never NaN."""
        json.dumps(evaluation_to_dict(half_found()), allow_nan=False)


class TestFormatTable:
    """Numbers for people."""

    def test_rows(self) -> None:
        """Title, head, one aligned row per number; '-' where a number is not defined."""
        lines = format_table(half_found(), 'a title').splitlines()
        assert lines[0] == 'a title'
        assert lines[1].split() == ['All', 'S', 'M', 'L']
        assert lines[3].split() == ['BBR', '50.000', '50.000', '-', '-']
        assert lines[4].split() == ['persons', '2', '2', '0', '0']
        assert len({len(line) for line in lines[1:-1]}) == 1
