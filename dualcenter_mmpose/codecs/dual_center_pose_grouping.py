"""``DualCenterPoseGrouping``: keypoints -> targets, and the head's maps -> people.

A thin registered shell: targets come from :mod:`~dualcenter_mmpose.codecs.targets`, people from
:mod:`dualcenter_mmpose.assembly`. Axis letters and layouts are explained there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable

import numpy as np
import torch
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from dualcenter_mmpose.assembly.candidates import find_candidates
from dualcenter_mmpose.assembly.decoding import DecodingOptions, decode_people
from dualcenter_mmpose.assembly.pose_targets import PoseTargets, match_candidates
from dualcenter_mmpose.assembly.training_candidates import (
    PoseTraining,
    TrainingCandidates,
    around_centers,
    join_peaks,
    keep_some,
)
from dualcenter_mmpose.codecs.center_groups import PAPER_CENTERS, locate_centers, membership, resolve_center_groups
from dualcenter_mmpose.codecs.masks import draw_valid_mask, pack_mask
from dualcenter_mmpose.codecs.packing import box_centers, image_to_input_matrix, keypoint_box_areas, presume_centers
from dualcenter_mmpose.codecs.targets import (
    CenterHeat,
    DenseTargets,
    Instances,
    KeypointTargets,
    make_keypoint_targets,
    make_targets,
    unpack_masks,
)
from dualcenter_mmpose.coordinates import (
    check_alignment,
    input_to_map,
    input_to_map_matrix,
)
from dualcenter_mmpose.keypoints.metainfo import COCO_METAINFO, load_keypoint_layout
from dualcenter_mmpose.types import Candidates, DenseMaps, Judgement, People


@KEYPOINT_CODECS.register_module()
class DualCenterPoseGrouping(BaseKeypointCodec):
    """Keypoint heatmaps, center heatmaps and per-center displacements; decoding by grouping the centers' poses.

    Args:
        input_size: (w, h) of the network's input, px; multiples of 32.
        heatmap_size: (W, H) of the maps, cells; ``input_size`` divided by the stride.
        metainfo: the data set's metainfo: keypoint names, mirror pairs and OKS constants.
        centers: center groups, see :mod:`~dualcenter_mmpose.codecs.center_groups`. The paper's two by default; a single
            ``dict(name='kpt_center', rule='kpt_mean')`` is DEKR's.
        sigma: of the keypoint Gaussians, cells.
        background_weight: heatmap loss weight where no Gaussian reaches.
        center_heat: fields of :class:`~dualcenter_mmpose.codecs.targets.CenterHeat` but ``background_weight`` that
            are not to be default.
        weak_centers: center group name -> usual place in the box of an upright person, shares (x, y) of width and
            height. Persons with a box and no keypoints (four in five small ones) then teach these centers softly
            where they are upright. On 647 upright labelled persons of coco_cc the head was at (0.48, 0.11) and the
            body at (0.49, 0.36).
        min_diagonal: persons with a smaller keypoint diagonal are ignored, cells. 3 cells are 12 px at stride 4:
            the usual 32 px would delete just the small persons that augmentation makes.
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
    weak_labels = {'target_weak_centers': 'weak_centers'}  # noqa: RUF012
    packed_fields = {'target_mask_bits': 'valid_mask_bits'}  # noqa: RUF012
    dense_fields = {name: name for name in DenseTargets._fields}  # noqa: RUF012

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        metainfo: Mapping[str, Any] = COCO_METAINFO,
        centers: Sequence[Mapping[str, Any]] = PAPER_CENTERS,
        sigma: float = 2.0,
        background_weight: float = 0.1,
        center_heat: Mapping[str, Any] = MappingProxyType({}),
        weak_centers: Mapping[str, tuple[float, float]] = MappingProxyType({}),
        min_diagonal: float = 3.0,
        align: str = 'center',
        dense_targets: bool = False,
        decoding: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self.input_size, self.heatmap_size = tuple(input_size), tuple(heatmap_size)
        self.stride = _check_sizes(self.input_size, self.heatmap_size)
        self.layout = load_keypoint_layout(metainfo)
        self.center_groups = resolve_center_groups(centers, self.layout)
        self.members = membership(self.center_groups, self.layout.num_keypoints)
        self.sigma = sigma
        self.heat = CenterHeat(background_weight=background_weight, **center_heat)
        self.weak_places = _resolve_places(weak_centers, [group.name for group in self.center_groups])
        self.min_diagonal = min_diagonal
        self.align = check_alignment(align)
        self.dense_targets = dense_targets
        self.decoding = DecodingOptions(**decoding)
        # MMPose's packer uses a codec's tables instead of its own as soon as they are not empty.
        self.label_mapping_table = {} if dense_targets else self._packed_names()
        self.field_mapping_table = self.dense_fields if dense_targets else self.packed_fields

    @property
    def num_keypoints(self) -> int:
        """Number of keypoints K."""
        return self.layout.num_keypoints

    @property
    def num_centers(self) -> int:
        """Number of center groups G."""
        return len(self.center_groups)

    def _packed_names(self) -> dict[str, str]:
        return {**self.packed_labels, **self.weak_labels} if any(self.weak_places) else dict(self.packed_labels)

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
            Packed: ``target_keypoints`` (N', K, 2) cells, ``target_labelled`` (N', K) uint8, ``target_areas`` (N',)
                cells^2,
            ``target_box_centers`` (N', 2) cells for the N' persons with a labelled keypoint, ``target_mask_bits``
            (1, H, W / 8) uint8. With ``weak_centers`` also ``target_weak_centers`` (N', G, 3), and one row more per
            upright person with only a box. Dense: the fields of
            :class:`~dualcenter_mmpose.codecs.targets.DenseTargets` of this image.

        Raises:
            ValueError: for another number of keypoints than the codec's, or a mirrored image that is not square.
        """
        self._check_keypoints(keypoints)
        width, height = input_size if input_size is not None else self.input_size
        if flip and width != height:
            # MMPose 1.3.2's RandomFlip reads input_size, which is (w, h), as (h, w).
            raise ValueError(
                f'the mirrored keypoints of a {width} x {height} image are wrong: RandomFlip of MMPose mirrors them '
                'about the middle of the other side; train on square inputs or leave RandomFlip out'
            )
        stride = width / self.heatmap_size[0]
        image_to_input = image_to_input_matrix(warp_mat, flip, flip_direction, (width, height))
        to_map = input_to_map_matrix(stride, self.align) @ image_to_input

        labelled = np.ones(keypoints.shape[:2], bool) if keypoints_visible is None else keypoints_visible > 0
        cells = input_to_map(keypoints.astype(np.float32), stride, self.align)
        annotations = [ann for ann in raw_ann_info or () if ann is not None]
        has_labels = labelled.any(axis=1)
        boxes = box_centers(cells, labelled, annotations, to_map)
        areas = keypoint_box_areas(cells, labelled) if area is None else np.asarray(area, np.float32) / stride**2
        packed = {
            'target_keypoints': cells[has_labels].astype(np.float32),
            'target_labelled': labelled[has_labels].astype(np.uint8),
            'target_areas': areas[has_labels].astype(np.float32),
            'target_box_centers': boxes[has_labels].astype(np.float32),
            'target_mask_bits': pack_mask(draw_valid_mask(annotations, to_map, self.heatmap_size)),
        }
        if any(self.weak_places):
            packed = _append_presumed(packed, presume_centers(annotations, self.weak_places, to_map))
        return self._make_dense(packed) if self.dense_targets else packed

    def _check_keypoints(self, keypoints: np.ndarray) -> None:
        if keypoints.ndim != 3 or keypoints.shape[1:] != (self.num_keypoints, 2):
            raise ValueError(
                f"keypoints must be (N, {self.num_keypoints}, 2) for the keypoint set '{self.layout.name}', got "
                f'{tuple(keypoints.shape)}; give the codec the metainfo of the data set that is loaded'
            )

    def _make_dense(self, packed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        tensors = {key: torch.from_numpy(value) for key, value in packed.items()}
        targets = self.make_targets(self._batch_instances([tensors]))
        return {name: value[0].numpy() for name, value in targets._asdict().items()}

    def unpack(self, batch_data_samples: Sequence[Any]) -> Instances:
        """Return the persons that :meth:`encode` packed into a batch of data samples, on their device.

        Raises:
            ValueError: if presumed centers were packed for another number of center groups.
        """
        batch = []
        for sample in batch_data_samples:
            tensors = {key: sample.gt_instance_labels[name] for key, name in self._packed_names().items()}
            tensors['target_mask_bits'] = sample.gt_fields.valid_mask_bits
            batch.append(tensors)
        return self._batch_instances(batch)

    def _batch_instances(self, batch: Sequence[Mapping[str, Tensor]]) -> Instances:
        def pad(key: str) -> Tensor:
            return pad_sequence([tensors[key] for tensors in batch], batch_first=True)

        bits = torch.cat([tensors['target_mask_bits'] for tensors in batch])
        return Instances(
            keypoints=pad('target_keypoints'),
            labelled=pad('target_labelled').bool(),
            areas=pad('target_areas'),
            box_centers=pad('target_box_centers'),
            valid_mask=unpack_masks(bits, self.heatmap_size[0]),
            weak_centers=self._check_weak_centers(pad('target_weak_centers')) if any(self.weak_places) else None,
        )

    def _check_weak_centers(self, weak_centers: Tensor) -> Tensor:
        if weak_centers.shape[2] != len(self.center_groups):
            raise ValueError(
                f"the loader packed presumed centers of {weak_centers.shape[2]} center groups, the head's codec "
                f'has {len(self.center_groups)}: with weak_centers both must have the same centers'
            )
        return weak_centers

    def make_keypoint_targets(self, instances: Instances) -> KeypointTargets:
        """Return the part of the targets that is the same for every person range."""
        return make_keypoint_targets(instances, self.sigma, self.heat.background_weight)

    def make_targets(
        self,
        instances: Instances,
        person_range: tuple[float, float] | None = None,
        keypoint_targets: KeypointTargets | None = None,
    ) -> DenseTargets:
        """Return all targets of a batch, on the device of the instances.

        Args:
            instances: the annotated persons, from :meth:`unpack`.
            person_range: (lowest, highest) keypoint diagonal of a supervised person, cells; default
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
                self.heat,
                person_range,
            )

    def training_candidates(self, maps: DenseMaps, instances: Instances, options: PoseTraining) -> TrainingCandidates:
        """Return candidates for the pose-level networks to learn from: predicted peaks, and around annotated centers.

        Args:
            maps: the head's output, detached.
            instances: the annotated persons.
            options: how many of which.
        """
        decoding = self.decoding
        peaks = find_candidates(
            maps.heatmaps[:, self.num_keypoints :],
            maps.displacements,
            decoding.max_candidates,
            decoding.candidate_thr,
            decoding.peak_kernel,
        )
        members = self.members.to(instances.keypoints.device)
        centers = locate_centers(
            self.center_groups, members, instances.keypoints, instances.labelled, instances.box_centers
        )
        around = around_centers(
            maps, centers.points, centers.valid, options.num_jittered, options.max_shift, options.max_noise
        )
        room = max(options.max_candidates - peaks.valid.shape[1], 0)
        return join_peaks(peaks, keep_some(around, room))

    def match(self, candidates: TrainingCandidates, instances: Instances, identity_thr: float) -> PoseTargets:
        """Return what candidates should have been; see :mod:`dualcenter_mmpose.assembly.pose_targets`."""
        return match_candidates(
            candidates.keypoints,
            candidates.cells,
            candidates.valid,
            instances.keypoints,
            instances.labelled,
            instances.areas,
            instances.valid_mask,
            candidates.keypoints.new_tensor(self.layout.kappas),
            identity_thr,
        )

    # Decoding

    def batch_decode(self, maps: DenseMaps, judge: Callable[[Candidates], Judgement] | None = None) -> People:
        """Return the people of a batch, keypoints in input px, on the maps' device.

        Args:
            maps: the head's output.
            judge: the pose-level networks, where there are any.
        """
        return decode_people(maps, self.layout.kappas, self.stride, self.align, self.decoding, judge)

    def decode(self, heatmaps: Tensor, displacements: Tensor) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Return one image's people; inverse of dense :meth:`encode` for persons whose centers are in the map.

        Args:
            heatmaps: (K + G, H, W).
            displacements: (G * 2K, H, W).

        Returns:
            Keypoints (N, K, 2) in input px, and instance scores (N,) with keypoint scores (N, K).
        """
        people = self.batch_decode(DenseMaps(heatmaps[None].float(), displacements[None].float()))
        keep = people.valid[0]
        keypoints, instance_scores, keypoint_scores = (
            value[0][keep].cpu().numpy() for value in (people.keypoints, people.scores, people.keypoint_scores)
        )
        return keypoints, (instance_scores, keypoint_scores)


def _resolve_places(
    weak_centers: Mapping[str, tuple[float, float]], names: Sequence[str]
) -> tuple[tuple[float, float] | None, ...]:
    """Return the presumed place of every center group."""
    unknown = sorted(set(weak_centers) - set(names))
    if unknown:
        raise ValueError(f'weak_centers names {unknown}, but the center groups are {list(names)}')
    return tuple(weak_centers.get(name) for name in names)


def _append_presumed(packed: Mapping[str, np.ndarray], presumed: np.ndarray) -> dict[str, np.ndarray]:
    """Return packed arrays with one more row, without labelled keypoints, for every person with presumed centers."""
    rows = len(presumed)
    longer = dict(packed)
    for key in DualCenterPoseGrouping.packed_labels:
        longer[key] = np.concatenate([packed[key], np.zeros((rows, *packed[key].shape[1:]), packed[key].dtype)])
    none = np.zeros((len(packed['target_areas']), *presumed.shape[1:]), presumed.dtype)
    longer['target_weak_centers'] = np.concatenate([none, presumed])
    return longer


def _check_sizes(input_size: tuple[int, int], heatmap_size: tuple[int, int]) -> float:
    """Return the stride in input px per cell."""
    if any(side % 32 for side in input_size):
        raise ValueError(f'input_size must be multiples of 32 (HRNet halves five times), got {input_size}')
    strides = [side / cells for side, cells in zip(input_size, heatmap_size)]
    if strides[0] != strides[1]:
        raise ValueError(
            f'heatmap_size {heatmap_size} does not divide input_size {input_size} by the same stride in x and y'
        )
    return strides[0]
