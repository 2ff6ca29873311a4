"""From maps to instances in two steps, and the options that govern them.

    maps --find_all_candidates--> candidates --pose-level networks--> their outputs --group_candidates--> instances

Training, prediction and export take the same two steps; without networks the outputs between them are empty.

Axis letters and array layouts: :mod:`dualcenter_mmpose.types`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dualcenter_mmpose.assembly.candidates import find_candidates, sample_keypoint_scores
from dualcenter_mmpose.assembly.grouping import (
    GROUPINGS,
    INSTANCE_SCORES,
    merge_groups,
    pick_instances,
    score_instances,
)
from dualcenter_mmpose.assembly.similarity import SPATIAL_TERMS, appearance_similarity
from dualcenter_mmpose.coordinates import map_to_input
from dualcenter_mmpose.types import Candidates, DenseMaps, PoseNetOutputs, PredictedInstances


@dataclass(frozen=True)
class DecodingOptions:
    """Options of the way from maps to predicted instances.

    Attributes:
        max_candidates: peaks kept per center group.
        peak_kernel: odd window of a local maximum, cells.
        candidate_thr: center heatmap value that a peak must exceed.
        grouping: ``'greedy'`` by score, or ``'components'``.
        spatial: spatial term of the similarity, a key of :data:`~dualcenter_mmpose.assembly.similarity.SPATIAL_TERMS`.
        group_thr: similarity above which two candidates are one instance: the spatial term, times the cosine of
            their embeddings where there is a similarity network.
        merge: mean of a group's poses, weighted by score and heatmap value, in place of the best one.
        instance_score: one of :data:`~dualcenter_mmpose.assembly.grouping.INSTANCE_SCORES`; by default the
            confidence where there is a confidence network, else the mean center heatmap value.
        max_people: instances kept per image.

    Raises:
        ValueError: for a value out of range.
    """

    max_candidates: int = 30
    peak_kernel: int = 3
    candidate_thr: float = 0.01
    grouping: str = 'greedy'
    spatial: str = 'oks'
    group_thr: float = 0.2
    merge: bool = False
    instance_score: str | None = None
    max_people: int = 30

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ('max_candidates', 'max_people'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be at least 1, got {getattr(self, name)}')
        if self.peak_kernel < 1 or self.peak_kernel % 2 == 0:
            raise ValueError(f'peak_kernel must be a positive odd number, got {self.peak_kernel}')
        _check_choice('grouping', self.grouping, GROUPINGS)
        _check_choice('spatial', self.spatial, SPATIAL_TERMS)
        if self.instance_score is not None:
            _check_choice('instance_score', self.instance_score, INSTANCE_SCORES)


def _check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {tuple(choices)}, got '{value}'")


def find_all_candidates(maps: DenseMaps, num_keypoints: int, options: DecodingOptions) -> Candidates:
    """Pose candidates of a batch: the first of the two steps from maps to instances.

    The pose-net outputs for these candidates go into the second, :func:`group_candidates`.

    Args:
        maps: the head's output.
        num_keypoints: K; the heatmaps after the first K are the centers'.
        options: how many peaks, and which.
    """
    return find_candidates(
        maps.heatmaps[:, num_keypoints:],
        maps.displacements,
        options.max_candidates,
        options.candidate_thr,
        options.peak_kernel,
    )


def group_candidates(
    maps: DenseMaps,
    candidates: Candidates,
    outputs: PoseNetOutputs,
    oks_sigmas: Sequence[float],
    stride: float,
    align: str,
    options: DecodingOptions,
) -> PredictedInstances:
    """Predicted instances of a batch, keypoints in input px, on the maps' device: the second step.

    Args:
        maps: the head's output, whose heatmaps score the keypoints.
        candidates: from :func:`find_all_candidates`.
        outputs: of the pose-level networks for these candidates; empty without networks.
        oks_sigmas: K, of the keypoint set.
        stride: input px per cell.
        align: cell alignment, see :mod:`dualcenter_mmpose.coordinates`.
        options: see there.
    """
    num_keypoints = len(oks_sigmas)
    num_centers = maps.heatmaps.shape[1] - num_keypoints
    keypoint_heatmaps = maps.heatmaps[:, :num_keypoints]
    confidences = outputs.confidences
    # Input px and not cells: the least area of a pose is in px.
    keypoints = map_to_input(candidates.keypoints, stride, align)
    similarity = SPATIAL_TERMS[options.spatial](keypoints, keypoints.new_tensor(oks_sigmas))
    if outputs.embeddings is not None:
        similarity = similarity * appearance_similarity(outputs.embeddings)
    ranking = candidates.scores if confidences is None else confidences
    groups = GROUPINGS[options.grouping](similarity, ranking, candidates.valid, options.group_thr)

    # Grouping compares the poses as they were read; only what is handed out is refined.
    cells = candidates.keypoints if outputs.refined is None else outputs.refined
    keypoint_scores = sample_keypoint_scores(keypoint_heatmaps, cells)
    if options.merge:
        cells = merge_groups(cells, ranking[..., None] * keypoint_scores, candidates.valid, groups)
        keypoint_scores = sample_keypoint_scores(keypoint_heatmaps, cells)  # at the places of the merged poses
    mode = options.instance_score or ('center_mean' if confidences is None else 'confidence')
    scores = score_instances(candidates, groups, keypoint_scores, num_centers, mode, confidences)
    return pick_instances(map_to_input(cells, stride, align), keypoint_scores, scores, groups, options.max_people)
