"""``AssociativeEmbeddingGrouping``: keypoints -> what the heads of this package learn from; their maps -> instances.

A thin registered shell: targets come from :mod:`~dualcenter_mmpose.baselines.resolution_targets`, instances from
:mod:`~dualcenter_mmpose.baselines.tag_decoding`.

MMPose's own codec of this method cannot train: what it makes for the tags is not in the packer's table, so it never
arrives; crowds are not masked; and its two sides disagree on where a cell lies by half a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from dualcenter_mmpose.baselines.resolution_targets import FINE_CELLS, LabelledInstances
from dualcenter_mmpose.baselines.tag_candidates import average_resolutions
from dualcenter_mmpose.baselines.tag_decoding import TagDecoding, decode_tagged_instances
from dualcenter_mmpose.baselines.tag_grouping import usual_order
from dualcenter_mmpose.codecs.input_checks import check_input_size, check_keypoints, check_mirroring
from dualcenter_mmpose.codecs.masks import draw_valid_mask, pack_mask
from dualcenter_mmpose.codecs.packing import image_to_input_matrix
from dualcenter_mmpose.codecs.unpacking import unpack_masks
from dualcenter_mmpose.coordinates import input_to_map, input_to_map_matrix, map_to_input
from dualcenter_mmpose.keypoints.metainfo import COCO_METAINFO, load_keypoint_layout
from dualcenter_mmpose.types import PredictedInstances

COARSE_STRIDE = 4
"""Input pixels per cell of the coarse resolution, which the network's layers fix."""


@KEYPOINT_CODECS.register_module()
class AssociativeEmbeddingGrouping(BaseKeypointCodec):
    """Keypoint heatmaps at 1/4 and 1/2 of the input and tags at 1/4; decoding by grouping keypoints with like tags.

    Args:
        input_size: (w, h) of the network's input, px; multiples of 32.
        heatmap_size: (W, H) of the coarse resolution, ``input_size`` / 4.
        metainfo: the data set's metainfo: keypoint names and mirror pairs.
        sigma: of the Gaussians, cells of each resolution.
        decoding: fields of :class:`~dualcenter_mmpose.baselines.tag_decoding.TagDecoding` that are not to be default.

    Raises:
        ValueError: for sizes that do not fit together.

    Source:
        HigherHRNet (arXiv 1908.10357), section 3.
    """

    auxiliary_encode_keys = {'raw_ann_info', 'input_size', 'warp_mat', 'flip', 'flip_direction'}  # noqa: RUF012
    label_mapping_table = {'target_keypoints': 'keypoints', 'target_labelled': 'labelled'}  # noqa: RUF012
    field_mapping_table = {'target_mask_bits': 'valid_mask_bits'}  # noqa: RUF012

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        metainfo: Mapping[str, Any] = COCO_METAINFO,
        sigma: float = 2.0,
        decoding: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self.input_size = check_input_size(input_size)
        self.heatmap_size = (heatmap_size[0], heatmap_size[1])
        if self.input_size != tuple(COARSE_STRIDE * side for side in self.heatmap_size):
            raise ValueError(
                f'heatmap_size must be input_size {self.input_size} divided by {COARSE_STRIDE}, got {self.heatmap_size}'
            )
        self.layout = load_keypoint_layout(metainfo)
        self.order = usual_order(self.layout)
        self.sigma = sigma
        self.decoding = TagDecoding(**decoding)

    @property
    def num_keypoints(self) -> int:
        """Number of keypoints K."""
        return self.layout.num_keypoints

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: np.ndarray | None = None,
        raw_ann_info: Sequence[Mapping[str, Any] | None] | None = None,
        input_size: tuple[int, int] | None = None,
        warp_mat: np.ndarray | None = None,
        flip: bool | None = None,
        flip_direction: str | None = None,
    ) -> dict[str, np.ndarray]:
        """Return one image's instances, packed; the head makes maps of them on its device.

        Args:
            keypoints: (N, K, 2) input px.
            keypoints_visible: (N, K), > 0 where labelled; all by default.
            raw_ann_info: the image's COCO annotations, image px: masked regions.
            input_size: (w, h) of the warped image.
            warp_mat: (2, 3) image px -> input px.
            flip: whether the image was mirrored after the warp.
            flip_direction: ``'horizontal'``, ``'vertical'`` or ``'diagonal'``.

        Returns:
            ``target_keypoints`` (N', K, 2) cells of the coarse resolution and ``target_labelled`` (N', K) uint8 for the
            N' instances with a labelled keypoint, ``target_mask_bits`` (1, 2H, 2W / 8) uint8 of the fine resolution.

        Raises:
            ValueError: for another number of keypoints than the codec's, an image of another size, or a mirrored one
                that is not square.
        """
        check_keypoints(keypoints, self.layout)
        size = self.input_size if input_size is None else (input_size[0], input_size[1])
        if size != self.input_size:
            raise ValueError(
                f'the image is {size} but input_size of the codec is {self.input_size}; give the training pipeline '
                "and the codec the same, and train on one scale: the codec's maps have one size"
            )
        check_mirroring(flip, size)
        labelled = np.ones(keypoints.shape[:2], bool) if keypoints_visible is None else keypoints_visible > 0
        has_labels = labelled.any(axis=1)
        cells = input_to_map(keypoints.astype(np.float32), COARSE_STRIDE)
        annotations = [ann for ann in raw_ann_info or () if ann is not None]
        to_fine = input_to_map_matrix(COARSE_STRIDE / FINE_CELLS) @ image_to_input_matrix(
            warp_mat, flip, flip_direction, size
        )
        fine_size = (FINE_CELLS * self.heatmap_size[0], FINE_CELLS * self.heatmap_size[1])
        return {
            'target_keypoints': cells[has_labels].astype(np.float32),
            'target_labelled': labelled[has_labels].astype(np.uint8),
            'target_mask_bits': pack_mask(draw_valid_mask(annotations, to_fine, fine_size)),
        }

    def unpack(self, batch_data_samples: Sequence[Any]) -> LabelledInstances:
        """Return the instances that :meth:`encode` packed into a batch of data samples, on their device."""

        def pad(name: str) -> Tensor:
            return pad_sequence([sample.gt_instance_labels[name] for sample in batch_data_samples], batch_first=True)

        bits = torch.cat([sample.gt_fields.valid_mask_bits for sample in batch_data_samples])
        mask = unpack_masks(bits, FINE_CELLS * self.heatmap_size[0])
        return LabelledInstances(pad('keypoints'), pad('labelled').bool(), mask)

    def batch_decode(self, heatmaps: Sequence[Tensor], tags: Tensor) -> PredictedInstances:
        """Return the instances of a batch, keypoints in input px, on the maps' device.

        Args:
            heatmaps: (B, K, H_i, W_i), the coarse resolution first.
            tags: (B, L, K, H, W) of the coarse resolution.
        """
        stride = self.decoding.stride
        height, width = (side * COARSE_STRIDE // stride for side in heatmaps[0].shape[-2:])
        averaged = average_resolutions(heatmaps, (width, height))
        # Tag dimensions and keypoints are channels while they are resized: (B, L * K, H, W) and back.
        resized = average_resolutions([tags.flatten(1, 2)], (width, height)).unflatten(1, tags.shape[1:3])
        instances = decode_tagged_instances(averaged, resized, self.order, self.decoding)
        return instances._replace(keypoints=map_to_input(instances.keypoints, stride))

    def decode(self, heatmaps: Tensor, tags: Tensor) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return one image's instances from the maps of one resolution.

        Args:
            heatmaps: (K, H, W) of the coarse resolution.
            tags: (L, K, H, W).

        Returns:
            Keypoints (N, K, 2) in input px, and instance scores (N,) with keypoint scores (N, K).
        """
        # A single image needs no padding: all of its slots are valid.
        *found, _ = self.batch_decode([heatmaps[None]], tags[None])
        keypoints, keypoint_scores, scores = (values[0].cpu().numpy() for values in found)
        return keypoints, (scores, keypoint_scores)
