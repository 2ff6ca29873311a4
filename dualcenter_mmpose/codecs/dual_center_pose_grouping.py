"""``DualCenterPoseGrouping``: keypoints -> targets, and the head's maps -> instances.

A thin registered shell: targets come from :mod:`~dualcenter_mmpose.codecs.targets`, instances from
:mod:`dualcenter_mmpose.assembly`. Axis letters and layouts are explained there.
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

from dualcenter_mmpose.assembly.decoding import DecodingOptions, find_all_candidates, group_candidates
from dualcenter_mmpose.assembly.pose_targets import match_candidates
from dualcenter_mmpose.assembly.training_candidates import PoseTraining, around_centers, join_peaks, keep_some
from dualcenter_mmpose.codecs.center_groups import PAPER_CENTERS, locate_centers, membership, resolve_center_groups
from dualcenter_mmpose.codecs.codec_checks import check_same_grid, check_sizes, resolve_places
from dualcenter_mmpose.codecs.input_checks import check_keypoints, check_mirroring
from dualcenter_mmpose.codecs.packing import HostLabels, image_to_input_matrix, pack_annotations
from dualcenter_mmpose.codecs.targets import CenterHeatmapOptions, make_keypoint_targets, make_targets
from dualcenter_mmpose.codecs.unpacking import locate_pseudo_centers, unpack_instances
from dualcenter_mmpose.coordinates import check_alignment
from dualcenter_mmpose.keypoints.metainfo import COCO_METAINFO, load_keypoint_layout
from dualcenter_mmpose.types import (
    Candidates,
    DenseMaps,
    DenseTargets,
    GroundTruthInstances,
    KeypointTargets,
    PoseNetOutputs,
    PoseTargets,
    PredictedInstances,
    TrainingCandidates,
)
from dualcenter_mmpose.utils.renamed_options import accept_old_names, rename_options

NO_OUTPUTS = PoseNetOutputs()


@KEYPOINT_CODECS.register_module()
class DualCenterPoseGrouping(BaseKeypointCodec):
    """Keypoint heatmaps, center heatmaps and per-center displacements; decoding by grouping the centers' poses.

    Args:
        input_size: (w, h) of the network's input, px; multiples of 32.
        heatmap_size: (W, H) of the maps, cells; ``input_size`` divided by the stride.
        metainfo: the data set's metainfo: keypoint names, mirror pairs and OKS sigmas.
        centers: center groups, see :mod:`~dualcenter_mmpose.codecs.center_groups`. The paper's two by default; a single
            ``dict(name='kpt_center', rule='kpt_mean')`` is DEKR's.
        sigma: of the keypoint Gaussians, cells.
        background_weight: heatmap loss weight where no Gaussian reaches.
        center_heatmap: fields of :class:`~dualcenter_mmpose.codecs.targets.CenterHeatmapOptions` that are not to be
            default, but ``background_weight``.
        pseudo_centers: center group name -> usual place in the box of an upright person, shares (x, y) of width and
            height. Upright boxes without keypoints (four in five small instances) then supervise these centers
            with a lower weight. On 647 upright labelled instances of coco_cc the head was at (0.48, 0.11) and
            the body at (0.49, 0.36).
        min_diagonal: instances with a smaller keypoint diagonal are ignored, cells. 3 cells are 12 px at stride 4:
            the usual 32 px would delete just the small instances that augmentation makes.
        align: cell alignment, see :mod:`dualcenter_mmpose.coordinates`; ``'corner'`` for converted DEKR weights.
        dense_targets: make the maps in the data loader instead of packing keypoints for the head.
        decoding: fields of :class:`~dualcenter_mmpose.assembly.decoding.DecodingOptions` that are not to be default.

    Raises:
        ValueError: for sizes that do not fit together, or center groups that the keypoint set cannot serve.

    Source:
        Dual anatomical centers (arXiv 2208.11975), sections 3.1 to 3.4.
    """

    auxiliary_encode_keys = {  # noqa: RUF012 (MMPose's codecs declare it so)
        'area',
        'raw_ann_info',
        'input_size',
        'warp_mat',
        'flip',
        'flip_direction',
    }

    packed_labels = {  # noqa: RUF012
        'target_keypoints': 'keypoints',
        'target_labelled': 'labelled',
        'target_areas': 'areas',
        'target_box_centers': 'box_centers',
    }
    packed_fields = {'target_mask_bits': 'valid_mask_bits'}  # noqa: RUF012
    dense_fields = {name: name for name in DenseTargets._fields}  # noqa: RUF012
    # MMPose packs instances as they are, without making tensors of them: what stays on the host goes there.
    packed_instances = {'target_host_labels': 'host_labels'}  # noqa: RUF012
    dense_instances = {'target_options': 'target_options'}  # noqa: RUF012

    @accept_old_names(center_heat='center_heatmap', weak_centers='pseudo_centers')
    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        metainfo: Mapping[str, Any] = COCO_METAINFO,
        centers: Sequence[Mapping[str, Any]] = PAPER_CENTERS,
        sigma: float = 2.0,
        background_weight: float = 0.1,
        center_heatmap: Mapping[str, Any] = MappingProxyType({}),
        pseudo_centers: Mapping[str, tuple[float, float]] = MappingProxyType({}),
        min_diagonal: float = 3.0,
        align: str = 'center',
        dense_targets: bool = False,
        decoding: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self.input_size, self.heatmap_size = tuple(input_size), tuple(heatmap_size)
        self.stride = check_sizes(self.input_size, self.heatmap_size)
        self.layout = load_keypoint_layout(metainfo)
        self.center_groups = resolve_center_groups(centers, self.layout)
        self.members = membership(self.center_groups, self.layout.num_keypoints)
        self.sigma = sigma
        self.center_heatmap = CenterHeatmapOptions(
            background_weight=background_weight,
            **rename_options(center_heatmap, dict(weak_weight='pseudo_weight'), 'center_heatmap'),
        )
        self.pseudo_places = resolve_places(pseudo_centers, [group.name for group in self.center_groups])
        self.min_diagonal = min_diagonal
        self.align = check_alignment(align)
        self.dense_targets = dense_targets
        self.decoding = DecodingOptions(**decoding)
        # MMPose's packer uses a codec's tables instead of its own as soon as they are not empty.
        self.label_mapping_table = {} if dense_targets else self.packed_labels
        self.field_mapping_table = self.dense_fields if dense_targets else self.packed_fields
        self.instance_mapping_table = self.dense_instances if dense_targets else self.packed_instances

    @property
    def num_keypoints(self) -> int:
        """Number of keypoints K."""
        return self.layout.num_keypoints

    @property
    def num_centers(self) -> int:
        """Number of center groups G."""
        return len(self.center_groups)

    # Encoding

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: np.ndarray | None = None,
        area: np.ndarray | None = None,
        raw_ann_info: Sequence[Mapping[str, Any] | None] | None = None,
        input_size: tuple[int, int] | None = None,
        warp_mat: np.ndarray | None = None,
        flip: bool | None = None,
        flip_direction: str | None = None,
    ) -> dict[str, np.ndarray]:
        """Return one image's targets, packed or dense (``dense_targets``).

        The image may be larger than this codec's ``input_size`` (multi-scale training warps it at 2S): targets
        always live on the grid of ``heatmap_size``.

        Args:
            keypoints: (N, K, 2) input px.
            keypoints_visible: (N, K), > 0 where labelled; all by default.
            area: (N,) annotation areas, input px^2; the labelled keypoints' box by default.
            raw_ann_info: the image's COCO annotations in the order of ``keypoints``, image px: boxes and masked
                regions.
            input_size: (w, h) of the warped image.
            warp_mat: (2, 3) image px -> input px.
            flip: whether the image was mirrored after the warp.
            flip_direction: ``'horizontal'``, ``'vertical'`` or ``'diagonal'``.

        Returns:
            Packed, the same whatever the codec's options: the arrays of
            :func:`~dualcenter_mmpose.codecs.packing.pack_annotations`, and ``target_host_labels``, a list of one
            :class:`~dualcenter_mmpose.codecs.packing.HostLabels`. Dense: the fields of
            :class:`~dualcenter_mmpose.types.DenseTargets` of this image, and the options that they were made by.

        Raises:
            ValueError: for another number of keypoints than the codec's, or a mirrored image that is not square.
        """
        check_keypoints(keypoints, self.layout)
        width, height = input_size if input_size is not None else self.input_size
        check_mirroring(flip, (width, height))
        labelled = np.ones(keypoints.shape[:2], bool) if keypoints_visible is None else keypoints_visible > 0
        packed, boxes = pack_annotations(
            keypoints,
            labelled,
            area,
            [ann for ann in raw_ann_info or () if ann is not None],
            image_to_input_matrix(warp_mat, flip, flip_direction, (width, height)),
            width / self.input_size[0],
            self.heatmap_size,
            self.stride,
        )
        if self.dense_targets:
            return self._make_dense(packed, boxes)
        packed['target_host_labels'] = [HostLabels(self.input_size, boxes)]
        return packed

    def _make_dense(self, packed: Mapping[str, np.ndarray], boxes: np.ndarray) -> dict[str, Any]:
        tensors = {key: torch.from_numpy(value) for key, value in packed.items()}
        targets = self.make_targets(self._to_map([tensors], [boxes]))
        maps = {name: value[0].numpy() for name, value in targets._asdict().items()}
        return {**maps, 'target_options': [self.target_options]}

    def unpack(self, batch_data_samples: Sequence[Any]) -> GroundTruthInstances:
        """Ground-truth instances that :meth:`encode` packed into a batch of data samples, in cells, on their device.

        Raises:
            ValueError: if they were packed for another input or map size.
        """
        batch, boxes = [], []
        for sample in batch_data_samples:
            (host,) = sample.gt_instances.host_labels
            check_same_grid(host.input_size, sample.gt_fields.valid_mask_bits.shape, self.input_size, self.heatmap_size)
            tensors = {key: sample.gt_instance_labels[name] for key, name in self.packed_labels.items()}
            tensors['target_mask_bits'] = sample.gt_fields.valid_mask_bits
            batch.append(tensors)
            boxes.append(host.unlabelled_boxes)
        return self._to_map(batch, boxes)

    def _to_map(self, batch: Sequence[Mapping[str, Tensor]], boxes: Sequence[np.ndarray]) -> GroundTruthInstances:
        instances = unpack_instances(batch, self.heatmap_size[0], self.stride, self.align)
        if not any(self.pseudo_places):
            return instances
        device = instances.keypoints.device
        pseudo_centers = locate_pseudo_centers(boxes, self.pseudo_places, self.stride, self.align, device)
        return instances._replace(pseudo_centers=pseudo_centers)

    def check_dense(self, batch_data_samples: Sequence[Any]) -> None:
        """Check that target maps made in the loader were made by the same options as this codec has.

        Raises:
            ValueError: naming the options that differ.
        """
        for sample in batch_data_samples:
            (made,) = sample.gt_instances.target_options
            differ = sorted(key for key, value in self.target_options.items() if made.get(key) != value)
            if differ:
                raise ValueError(
                    f"the loader's codec (dense_targets=True) and the head's differ in {differ}: give both the same, "
                    'or leave dense_targets out, and the head makes the targets'
                )

    @property
    def target_options(self) -> dict[str, Any]:
        """Everything that shapes target maps, for the comparison of two codecs."""
        return dict(
            align=self.align,
            center_heatmap=self.center_heatmap,
            centers=self.center_groups,
            heatmap_size=self.heatmap_size,
            input_size=self.input_size,
            keypoints=self.layout.keypoint_names,
            min_diagonal=self.min_diagonal,
            pseudo_centers=[place for place in self.pseudo_places if place is not None],
            sigma=self.sigma,
        )

    def make_keypoint_targets(self, instances: GroundTruthInstances) -> KeypointTargets:
        """Return the part of the targets that is the same for every person range."""
        return make_keypoint_targets(instances, self.sigma, self.center_heatmap.background_weight)

    def make_targets(
        self,
        instances: GroundTruthInstances,
        person_range: tuple[float, float] | None = None,
        keypoint_targets: KeypointTargets | None = None,
    ) -> DenseTargets:
        """Return all targets of a batch, on the device of the instances.

        Args:
            instances: the ground truth, from :meth:`unpack`.
            person_range: (lowest, highest) keypoint diagonal of a supervised instance, cells; default
                (``min_diagonal``, infinity).
            keypoint_targets: from :meth:`make_keypoint_targets`, made here by default.
        """
        if keypoint_targets is None:
            keypoint_targets = self.make_keypoint_targets(instances)
        if person_range is None:
            person_range = (self.min_diagonal, float('inf'))
        device = instances.keypoints.device
        # Under autocast the center means would be rounded to half precision, which moves centers by whole cells.
        with torch.autocast(device.type, enabled=False):
            return make_targets(
                instances,
                self.center_groups,
                self.members.to(device),
                keypoint_targets,
                self.center_heatmap,
                person_range,
            )

    def training_candidates(
        self, maps: DenseMaps, instances: GroundTruthInstances, options: PoseTraining
    ) -> TrainingCandidates:
        """Return candidates for the pose-level networks to learn from: predicted peaks, and around true centers.

        Args:
            maps: the head's output, detached.
            instances: the ground truth.
            options: how many of which.
        """
        peaks = self.find_candidates(maps)
        members = self.members.to(instances.keypoints.device)
        centers = locate_centers(
            self.center_groups, members, instances.keypoints, instances.labelled, instances.box_centers
        )
        around = around_centers(
            maps, centers.points, centers.valid, options.num_jittered, options.max_shift, options.max_noise
        )
        room = max(options.max_candidates - peaks.valid.shape[1], 0)
        return join_peaks(peaks, keep_some(around, room))

    def match(
        self, candidates: TrainingCandidates, instances: GroundTruthInstances, identity_thr: float
    ) -> PoseTargets:
        """Return the targets of candidates; see :mod:`dualcenter_mmpose.assembly.pose_targets`."""
        return match_candidates(
            candidates.keypoints,
            candidates.cells,
            candidates.valid,
            instances.keypoints,
            instances.labelled,
            instances.areas,
            instances.valid_mask,
            candidates.keypoints.new_tensor(self.layout.oks_sigmas),
            identity_thr,
        )

    # Decoding

    def find_candidates(self, maps: DenseMaps) -> Candidates:
        """Pose candidates of a batch, in cells: the first step of decoding.

        Args:
            maps: the head's output.
        """
        return find_all_candidates(maps, self.num_keypoints, self.decoding)

    def group_candidates(
        self, maps: DenseMaps, candidates: Candidates, outputs: PoseNetOutputs = NO_OUTPUTS
    ) -> PredictedInstances:
        """Predicted instances of a batch, keypoints in input px, on the maps' device: the second step of decoding.

        Args:
            maps: the head's output.
            candidates: from :meth:`find_candidates`.
            outputs: of the pose-level networks for these candidates, where there are any.
        """
        sigmas = self.layout.oks_sigmas
        return group_candidates(maps, candidates, outputs, sigmas, self.stride, self.align, self.decoding)

    def batch_decode(self, maps: DenseMaps) -> PredictedInstances:
        """Predicted instances of a batch without pose-level networks: both steps at once."""
        return self.group_candidates(maps, self.find_candidates(maps))

    def decode(self, heatmaps: Tensor, displacements: Tensor) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return one image's instances; inverse of dense :meth:`encode` where their centers are in the map.

        Args:
            heatmaps: (K + G, H, W).
            displacements: (G * 2K, H, W).

        Returns:
            Keypoints (N, K, 2) in input px, and instance scores (N,) with keypoint scores (N, K).
        """
        found = self.batch_decode(DenseMaps(heatmaps[None].float(), displacements[None].float()))
        keep = found.valid[0]
        keypoints, instance_scores, keypoint_scores = (
            value[0][keep].cpu().numpy() for value in (found.keypoints, found.scores, found.keypoint_scores)
        )
        return keypoints, (instance_scores, keypoint_scores)
