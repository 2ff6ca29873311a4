"""Maps to people in one call, and the options that govern it.

Axis letters and array layouts: :mod:`dualcenter_mmpose.assembly.types`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dualcenter_mmpose.assembly.candidates import find_candidates, sample_keypoint_scores
from dualcenter_mmpose.assembly.grouping import INSTANCE_SCORES, group_greedily, pick_people, score_instances
from dualcenter_mmpose.assembly.similarity import pairwise_oks
from dualcenter_mmpose.assembly.types import DenseMaps, People
from dualcenter_mmpose.coordinates import map_to_input


@dataclass(frozen=True)
class DecodingOptions:
    """How maps become people.

    Attributes:
        max_candidates: peaks kept per center group.
        peak_kernel: odd window of a local maximum, cells.
        candidate_thr: center heat that a peak must exceed.
        group_thr: OKS above which two candidates are one person.
        instance_score: one of :data:`~dualcenter_mmpose.assembly.grouping.INSTANCE_SCORES`.
        max_people: persons kept per image.

    Raises:
        ValueError: for a value out of range.
    """

    max_candidates: int = 30
    peak_kernel: int = 3
    candidate_thr: float = 0.01
    group_thr: float = 0.2
    instance_score: str = 'center_mean'
    max_people: int = 30

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ('max_candidates', 'max_people'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be at least 1, got {getattr(self, name)}')
        if self.peak_kernel < 1 or self.peak_kernel % 2 == 0:
            raise ValueError(f'peak_kernel must be a positive odd number, got {self.peak_kernel}')
        if self.instance_score not in INSTANCE_SCORES:
            raise ValueError(f"instance_score must be one of {INSTANCE_SCORES}, got '{self.instance_score}'")


def decode_people(
    maps: DenseMaps, kappas: Sequence[float], stride: float, align: str, options: DecodingOptions
) -> People:
    """Return the people of a batch, keypoints in input px, on the maps' device.

    Args:
        maps: the head's output.
        kappas: K OKS constants.
        stride: input px per cell.
        align: cell alignment, see :mod:`dualcenter_mmpose.coordinates`.
        options: see there.
    """
    num_keypoints = len(kappas)
    num_centers = maps.heatmaps.shape[1] - num_keypoints
    keypoint_heatmaps, center_heatmaps = maps.heatmaps.split([num_keypoints, num_centers], dim=1)
    candidates = find_candidates(
        center_heatmaps, maps.displacements, options.max_candidates, options.candidate_thr, options.peak_kernel
    )
    keypoint_scores = sample_keypoint_scores(keypoint_heatmaps, candidates.keypoints)
    keypoints = map_to_input(candidates.keypoints, stride, align)
    similarity = pairwise_oks(keypoints, keypoints.new_tensor(kappas))
    groups = group_greedily(similarity, candidates.scores, candidates.valid, options.group_thr)
    scores = score_instances(candidates, groups, keypoint_scores, num_centers, options.instance_score)
    return pick_people(keypoints, keypoint_scores, scores, groups, options.max_people)
