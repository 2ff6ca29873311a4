"""Rows of a comparison: what tables and pictures show of an entry, of the ceiling, or of the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

SUBSETS = ('All', 'S', 'M', 'L')
Numbers = dict[str, Any]


class Row(NamedTuple):
    """Numbers of one method; whatever is not known is absent.

    Attributes:
        name: of the method.
        keypoints: AP and AR by ``CocoMetric``'s names, percent.
        boxes: area source -> 'BBP' and 'BBR' -> subset -> percent.
        params_m: millions of parameters.
        multiply_adds_g: 1e9 multiply-adds of one image.
        speeds: batch size -> images a second.
        peak_mib: memory beside the weights at batch 1, MiB.
        curves: 'keypoints' -> curve, 'boxes' -> subset -> curve; a curve has 'recall' and 'precision', percent.
        is_ceiling: whether they bound what others can reach.
        is_printed: whether the numbers are the paper's, as printed.
        doubtful: printed numbers that others contradict, as "BBP L" or "AP (M)", and why.
    """

    name: str
    keypoints: Numbers
    boxes: dict[str, dict[str, Numbers]]
    params_m: float | None = None
    multiply_adds_g: float | None = None
    speeds: dict[int, float] = {}  # noqa: RUF012  (never written to)
    peak_mib: float | None = None
    curves: dict[str, Any] = {}  # noqa: RUF012
    is_ceiling: bool = False
    is_printed: bool = False
    doubtful: dict[str, str] = {}  # noqa: RUF012

    @property
    def best_batch(self) -> int | None:
        """The batch size of most images a second; ``None`` where nothing was timed."""
        return max(self.speeds, key=lambda size: self.speeds[size]) if self.speeds else None


def row_of_record(name: str, record: Mapping[str, Any]) -> Row:
    """Return the row of an entry's record."""
    scores = record['scores'] or dict(keypoints={}, boxes={}, curves={})
    costs = record.get('costs') or {}
    multiply_adds = costs.get('multiply_adds')
    return Row(
        name=name,
        keypoints=scores['keypoints'],
        boxes=scores['boxes'],
        params_m=costs['parameters'] / 1e6 if costs else None,
        multiply_adds_g=None if multiply_adds is None else multiply_adds / 1e9,
        speeds={int(size): speed for size, speed in costs.get('images_per_second', {}).items()},
        peak_mib=costs.get('peak_mib'),
        curves=scores['curves'],
    )


def row_of_ceiling(boxes: Mapping[str, Any]) -> Row:
    """Return the row of what tight keypoint boxes can reach."""
    return Row('ceiling (labelled keypoints)', keypoints={}, boxes=dict(boxes), is_ceiling=True)
