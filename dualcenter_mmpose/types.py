"""Batched tensors that pass between the steps: maps, candidates, groups, instances and their targets.

Axis letters: B images, G center groups, M candidates (G times the peaks kept per group), N instances, K keypoints,
H and W cells. Shapes are static: slots without a candidate or an instance are marked by ``valid``, never removed.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class DenseMaps(NamedTuple):
    """Maps that the head predicts.

    Attributes:
        heatmaps: (B, K + G, H, W) in the order keypoints, then center groups; values aim at [0, 1].
        displacements: (B, G * 2K, H, W) cells from a cell to each keypoint; center-major, keypoint inside, x before y.
    """

    heatmaps: Tensor
    displacements: Tensor


class Candidates(NamedTuple):
    """Poses read at center peaks, not yet grouped.

    Attributes:
        keypoints: (B, M, K, 2) cells.
        scores: (B, M) center heatmap value in [0, 1]; 0 where not valid.
        cells: (B, M, 2) integer (x, y) of the peak.
        center_ids: (M,) index of the center group that each slot belongs to.
        valid: (B, M) bool.
    """

    keypoints: Tensor
    scores: Tensor
    cells: Tensor
    center_ids: Tensor
    valid: Tensor


class PoseNetOutputs(NamedTuple):
    """Outputs of the pose-level networks for candidates; ``None`` where there is no such network.

    Attributes:
        confidences: (B, M) in [0, 1].
        embeddings: (B, M, E) of length 1.
        refined: (B, M, K, 2) cells.
    """

    confidences: Tensor | None = None
    embeddings: Tensor | None = None
    refined: Tensor | None = None


class Groups(NamedTuple):
    """Assignment of candidates to predicted instances.

    Attributes:
        representatives: (B, M) index of the representative of each candidate's group.
        is_representative: (B, M) bool, False where the candidate is not valid.
    """

    representatives: Tensor
    is_representative: Tensor


class PredictedInstances(NamedTuple):
    """Predicted instances of a batch, the best of each image first.

    Attributes:
        keypoints: (B, N, K, 2) cells (input px once the codec has converted them).
        keypoint_scores: (B, N, K) in (0, 1].
        scores: (B, N) in [0, 1]; 0 where not valid.
        valid: (B, N) bool; valid slots come first.
    """

    keypoints: Tensor
    keypoint_scores: Tensor
    scores: Tensor
    valid: Tensor


class Centers(NamedTuple):
    """Centers of the ground-truth instances of a batch.

    Attributes:
        points: (B, N, G, 2) same space as the keypoints; 0 where not valid.
        valid: (B, N, G) bool.
    """

    points: Tensor
    valid: Tensor


class GroundTruthInstances(NamedTuple):
    """Ground-truth instances of a batch, padded to the same number.

    Attributes:
        keypoints: (B, N, K, 2) cells.
        labelled: (B, N, K) bool, False for unlabelled keypoints and for padding.
        areas: (B, N) cells^2, annotation area.
        box_centers: (B, N, 2) cells, middle of the annotated box.
        valid_mask: (B, H, W) bool, False in regions excluded from supervision.
        pseudo_centers: (B, U, G, 3) cells (x, y), and 1 where one of the U boxes without keypoints has a pseudo center;
            ``None`` where the codec makes none.
    """

    keypoints: Tensor
    labelled: Tensor
    areas: Tensor
    box_centers: Tensor
    valid_mask: Tensor
    pseudo_centers: Tensor | None = None


class KeypointTargets(NamedTuple):
    """Targets of the keypoint heatmaps; the same for every scale.

    Attributes:
        heatmaps: (B, K, H, W) in [0, 1].
        heatmap_weights: (B, K, H, W); 0 where masked.
    """

    heatmaps: Tensor
    heatmap_weights: Tensor


class DenseTargets(NamedTuple):
    """All targets of a batch; layouts as in :class:`~dualcenter_mmpose.types.DenseMaps`.

    Attributes:
        heatmaps: (B, K + G, H, W) in [0, 1].
        heatmap_weights: (B, K + G, H, W); 0 where masked or ignored.
        displacements: (B, G * 2K, H, W) cells; 0 where not supervised.
        displacement_weights: (B, G * 2K, H, W) 1 / instance diagonal in cells; 0 where not supervised.
    """

    heatmaps: Tensor
    heatmap_weights: Tensor
    displacements: Tensor
    displacement_weights: Tensor


class TrainingCandidates(NamedTuple):
    """Candidates that the pose-level networks are trained on.

    Attributes:
        keypoints: (B, M, K, 2) cells.
        cells: (B, M, 2) integer (x, y) of the center that each was read at.
        valid: (B, M) bool.
    """

    keypoints: Tensor
    cells: Tensor
    valid: Tensor


class PoseTargets(NamedTuple):
    """Targets of training candidates.

    Attributes:
        oks: (B, M) with the ground-truth instance of highest OKS; 0 where there is none.
        identities: (B, M) index of that instance; -1 where its OKS is below the threshold or the candidate is not
            valid.
        keypoints: (B, M, K, 2) cells, that instance's.
        labelled: (B, M, K) bool, that instance's.
        oks_known: (B, M) bool, whether the candidate's OKS says how good it is. Example: a perfect pose in a crowd
            region has an OKS of 0, because nobody labelled what it found; that is no target for a confidence.
    """

    oks: Tensor
    identities: Tensor
    keypoints: Tensor
    labelled: Tensor
    oks_known: Tensor
