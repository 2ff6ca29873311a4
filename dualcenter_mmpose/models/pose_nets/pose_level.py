"""The pose-level networks together: run at test time, supervised at training time.

Axis letters: B images, M candidates, K keypoints, C channels of the backbone's maps together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.assembly.features import sample_pose_features
from dualcenter_mmpose.models.losses.pose_losses import confidence_loss, refinement_loss, similarity_loss
from dualcenter_mmpose.types import Candidates, PoseNetOutputs, PoseTargets, TrainingCandidates

KINDS = ('similarity', 'confidence', 'refinement')
REFINEMENT_UNITS = ('diagonal', 'pixel')


class PoseLevelNets(nn.Module):
    """Any of the three networks, on features sampled once for all candidates of a batch.

    Args:
        num_keypoints: K.
        in_channels: C.
        similarity: config of the similarity network, ``None`` for none.
        confidence: likewise.
        refinement: likewise.
        refinement_units: ``'diagonal'``, or ``'pixel'`` for Eq. 3 to the letter, whose loss large instances rule.

    Raises:
        ValueError: for unknown units, or without any network.
    """

    def __init__(
        self,
        num_keypoints: int,
        in_channels: int,
        similarity: Mapping[str, Any] | None = None,
        confidence: Mapping[str, Any] | None = None,
        refinement: Mapping[str, Any] | None = None,
        refinement_units: str = 'diagonal',
    ) -> None:
        super().__init__()
        if refinement_units not in REFINEMENT_UNITS:
            raise ValueError(f"refinement_units must be one of {REFINEMENT_UNITS}, got '{refinement_units}'")
        configs = {name: cfg for name, cfg in zip(KINDS, (similarity, confidence, refinement)) if cfg is not None}
        if not configs:
            raise ValueError(f'pose_nets must name at least one of {KINDS}; leave it out for none')
        self.refinement_units = refinement_units
        # The head knows the sizes: a config that also wrote them could only contradict it.
        sizes = dict(num_keypoints=num_keypoints, in_channels=in_channels)
        self.nets = nn.ModuleDict({name: MODELS.build({**cfg, **sizes}) for name, cfg in configs.items()})

    def predict(self, feats: Sequence[Tensor], keypoint_heatmaps: Tensor, candidates: Candidates) -> PoseNetOutputs:
        """Outputs of the networks for candidates.

        Args:
            feats: the backbone's maps (B, C_i, h_i, w_i).
            keypoint_heatmaps: (B, K, H, W).
            candidates: with M slots per image.
        """
        # Full precision under autocast, too: coordinates in halves are a sixteenth of a cell apart at cell 100.
        with torch.no_grad(), torch.autocast(keypoint_heatmaps.device.type, enabled=False):
            features = sample_pose_features(feats, keypoint_heatmaps, candidates.keypoints)  # (B, M, K, C + K)
            return PoseNetOutputs(
                confidences=self._run('confidence', features),
                embeddings=self._run('similarity', features),
                refined=self._run('refinement', features, candidates.keypoints),
            )

    def _run(self, name: str, *inputs: Tensor) -> Tensor | None:
        output: Tensor | None = self.nets[name](*inputs) if name in self.nets else None
        return output

    def loss(
        self,
        feats: Sequence[Tensor],
        keypoint_heatmaps: Tensor,
        candidates: TrainingCandidates,
        targets: PoseTargets,
        cell: float,
    ) -> dict[str, Tensor]:
        """Return the losses of the networks.

        Args:
            feats: the backbone's maps.
            keypoint_heatmaps: (B, K, H, W).
            candidates: M per image, to train on.
            targets: of these candidates.
            cell: input px per cell, for losses in pixels.
        """
        with torch.autocast(keypoint_heatmaps.device.type, enabled=False):
            # The networks are trained on given poses: no gradient of theirs moves the head that made these.
            keypoints = candidates.keypoints.detach()
            features = sample_pose_features(feats, keypoint_heatmaps, keypoints)
            losses = {}
            if 'similarity' in self.nets:
                embeddings = self.nets['similarity'](features)
                positions = keypoints.mean(dim=2)  # (B, M, 2): pairs that are near each other are the hard ones
                losses['loss/similarity'] = similarity_loss(embeddings, targets.identities, positions)
            if 'confidence' in self.nets:
                confidences = self.nets['confidence'](features)  # (B, M)
                losses['loss/confidence'] = confidence_loss(confidences, targets.oks, targets.oks_known)
            if 'refinement' in self.nets:
                losses['loss/refinement'] = self._refinement_loss(features, keypoints, targets, cell)
            return losses

    def _refinement_loss(self, features: Tensor, keypoints: Tensor, targets: PoseTargets, cell: float) -> Tensor:
        refiner: Any = self.nets['refinement']  # any registered class that has `residuals`
        # The residuals before they are bounded: beyond the bound, a clamped one would have no gradient.
        residuals, diagonals = refiner.residuals(features, keypoints)  # (B, M, K, 2) and (B, M, 1, 1)
        units = diagonals
        if self.refinement_units == 'pixel':  # the same residual, measured in input pixels
            # Example at 4 px a cell: a unit of 1 / 4 cell is a pixel; a residual of 0.1 diagonals of 20 cells is 8 px.
            units = torch.full_like(diagonals, 1 / cell)
            residuals = residuals * diagonals / units
        is_identified = targets.identities >= 0
        return refinement_loss(residuals, keypoints, targets.keypoints, targets.labelled, is_identified, units)
