"""``DeployModel``: images in, predicted instances out, as one graph that needs nothing of MMPose.

Axis letters: B images, N instance slots, K keypoints, H and W pixels of the input.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from dualcenter_mmpose.geometry import tight_boxes
from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d

OUTPUTS = ('keypoints', 'keypoint_scores', 'scores', 'boxes', 'num_people')
"""Names of the outputs in their order."""


class DeployModel(nn.Module):
    """A whole pose estimator: normalisation, backbone, head, pose-level networks, grouping.

    Predicts what ``model.predict`` does for the same images, in a number of slots that does not depend on them. Shares
    the estimator's weights and puts it into test mode. Auxiliary heads of multi-scale training are left behind, and
    adaptive convolutions by torchvision's operator go on with ``grid_sample``, which exports and computes the same.

    Args:
        model: a built ``BottomupPoseEstimator`` or ``MultiScaleTrainingWrapper`` with a ``DualCenterHead``.
        flip_test: average the maps of the image and of its mirror image, at twice the cost; as in the estimator's
            ``test_cfg`` by default.

    Raises:
        ValueError: for an estimator with another head, or with an image pyramid in its ``test_cfg``.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: Any, flip_test: bool | None = None) -> None:
        super().__init__()
        if not hasattr(getattr(model, 'head', None), 'predict_instances'):
            raise ValueError(
                f'DeployModel needs an estimator with a DualCenterHead, got {type(model).__name__} with '
                f'{type(getattr(model, "head", None)).__name__}'
            )
        test_cfg = model.test_cfg or {}
        if test_cfg.get('multiscale_test', False):
            raise ValueError('multiscale_test is on in test_cfg: a graph takes one image size; set it to False')
        self.flip_test = bool(test_cfg.get('flip_test', False) if flip_test is None else flip_test)
        self.backbone, self.neck, self.head = model.backbone, getattr(model, 'neck', None), model.head
        preprocessor = model.data_preprocessor
        self.swaps_channels = bool(preprocessor._channel_conversion)
        normalizes = preprocessor._enable_normalize
        self.register_buffer('mean', preprocessor.mean.float() if normalizes else torch.zeros(3, 1, 1), False)
        self.register_buffer('std', preprocessor.std.float() if normalizes else torch.ones(3, 1, 1), False)
        for module in self.head.modules():
            if isinstance(module, AdaptiveConv2d):
                module.operator = 'grid_sample'
        self.eval()

    def extract_feat(self, images: Tensor) -> Any:
        """Return the backbone's maps of normalised images, through the neck where there is one."""
        feats = self.backbone(images)
        return feats if self.neck is None else self.neck(feats)

    def normalize(self, images: Tensor) -> Tensor:
        """Return images as the backbone wants them: channels in its order, float32, zero mean."""
        if self.swaps_channels:
            images = images.flip(1)
        return (images.float() - self.mean) / self.std

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the predicted instances of a batch, the best of each image first.

        Args:
            images: (B, 3, H, W), sides multiples of 32, uint8 or float32 in [0, 255], channels BGR as OpenCV reads
                them (what the pipelines of MMPose hand to the data preprocessor).

        Returns:
            ``keypoints`` (B, N, K, 2) input px; ``keypoint_scores`` (B, N, K) in (0, 1]; ``scores`` (B, N) in [0, 1];
            ``boxes`` (B, N, 4) xyxy input px around all keypoints; ``num_people`` (B,) int64. Slots from
            ``num_people`` on hold zeros.
        """
        images = self.normalize(images)
        feats = self.extract_feat(images)
        if self.flip_test:
            feats = [feats, self.extract_feat(images.flip(-1))]
        instances, _ = self.head.predict_instances(feats, self.flip_test)
        empty = ~instances.valid
        keypoints = instances.keypoints.masked_fill(empty[..., None, None], 0)
        return dict(
            keypoints=keypoints,
            keypoint_scores=instances.keypoint_scores.masked_fill(empty[..., None], 0),
            scores=instances.scores,
            boxes=tight_boxes(keypoints),
            num_people=instances.valid.sum(dim=1),
        )
