"""Records become rows."""

from __future__ import annotations

from dualcenter_mmpose.experiments.comparison.rows import Row, row_of_ceiling, row_of_record

SCORES = dict(keypoints={'AP': 1.0}, boxes={'tool': {'BBP': {'S': 2.0}, 'BBR': {'S': 3.0}}}, curves={'boxes': {}})


class TestRowOfRecord:
    """Units of tables; what is not known is absent."""

    def test_model(self):
        """Millions, billions, batch sizes as numbers; the best batch is that of most images a second."""
        speeds = {'1': 5.0, '4': 9.0, '8': 8.0}
        costs = dict(parameters=1_500_000, multiply_adds=2.5e9, images_per_second=speeds, peak_mib=7.0)
        row = row_of_record('a', dict(scores=SCORES, costs=costs))
        assert (row.params_m, row.multiply_adds_g, row.peak_mib) == (1.5, 2.5, 7.0)
        assert row.speeds == {1: 5.0, 4: 9.0, 8: 8.0}
        assert row.best_batch == 4
        assert row.boxes['tool']['BBR']['S'] == 3.0

    def test_results(self):
        """A results file costs nothing that could be known."""
        row = row_of_record('a', dict(scores=SCORES, costs=None))
        assert (row.params_m, row.multiply_adds_g, row.speeds, row.best_batch) == (None, None, {}, None)

    def test_costs_only(self):
        """Without a checkpoint there are no scores; multiply-adds may be unknown."""
        costs = dict(parameters=10, multiply_adds=None, images_per_second={}, peak_mib=None)
        row = row_of_record('a', dict(scores=None, costs=costs))
        assert (row.keypoints, row.boxes, row.curves, row.multiply_adds_g) == ({}, {}, {}, None)


class TestRowOfCeiling:
    """The ceiling is a row of boxes alone."""

    def test_row(self):
        row = row_of_ceiling(SCORES['boxes'])
        assert row == Row('ceiling (labelled keypoints)', {}, SCORES['boxes'], is_ceiling=True)
