"""MMPose's COCO-style data sets with checks made before training instead of crashes during it.

=======================  ===========================
registered name          checks and repairs added to
=======================  ===========================
CheckedCocoDataset       CocoDataset
CheckedCrowdPoseDataset  CrowdPoseDataset
CheckedOCHumanDataset    OCHumanDataset
=======================  ===========================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.fileio import get_local_path
from mmengine.logging import print_log
from mmpose.datasets.datasets import (
    BaseCocoStyleDataset,
    CocoDataset,
    CrowdPoseDataset,
    OCHumanDataset,
)
from mmpose.registry import DATASETS

from dualcenter_mmpose.coco.annotation_checks import AnnotationError, load_coco_annotations
from dualcenter_mmpose.coco.annotation_defaults import area_of, complete_annotation, region_of
from dualcenter_mmpose.coco.image_checks import describe_broken_image

Info = dict[str, Any]


class SampleError(RuntimeError):
    """A sample that could not be prepared; the message names its image and the cause."""


class CheckedAnnotationsMixin(BaseCocoStyleDataset):
    """Checks and repairs for a ``BaseCocoStyleDataset``; stands first among the bases.

    * The annotation file and the presence of all images are checked before anything is loaded.
    * A region that is missing or empty becomes the instance's box; missing keypoints become
      unlabelled; a missing area becomes 0.53 of the whole box.
    * An error while a sample is prepared names the image, also out of a loader's worker process.

    Args:
        *args: the data set's own.
        keep_empty: whether training keeps bottom-up images without annotations, as pure negatives.
            Their pipeline needs ``EmptySafeBottomupRandomAffine``. Testing always keeps them.
        check_images: whether every image must be there; False saves listing the folder. Folders
            that are not local are never looked into.
        **kwargs: the data set's own.
    """

    def __init__(self, *args: object, keep_empty: bool = False, check_images: bool = True, **kwargs: object) -> None:
        self.keep_empty = keep_empty
        self.check_images = check_images
        super().__init__(*args, **kwargs)

    def _load_annotations(self) -> tuple[list[Info], list[Info]]:
        """Return instances and images of the annotation file after checking it.

        Raises:
            AnnotationError: if the file cannot be used, or training would have nobody to train on.
        """
        images_dir = self.data_prefix['img'] if self.check_images else None
        with get_local_path(self.ann_file) as path:
            checked = load_coco_annotations(
                path,
                num_keypoints=self.metainfo['num_keypoints'],
                keypoint_names=list(self.metainfo['keypoint_id2name'].values()),
                images_dir=None if images_dir and '://' in images_dir else images_dir,
                require_annotations=not self.test_mode,
            )
        self._pose_category_ids = checked.pose_category_ids
        for note in checked.notes if is_main_process() else ():
            print_log(f'{self.ann_file}: {note}', logger='current')
        instances, images = super()._load_annotations()
        if not instances and not self.test_mode:
            raise AnnotationError(
                f'{self.ann_file}: none of its {len(images)} images has an annotated person: '
                'there is nothing to train on'
            )
        return instances, images

    def parse_data_info(self, raw_data_info: Info) -> Info | None:
        """Return MMPose's parsed annotation, with what the raw one leaves out filled in."""
        raw = raw_data_info['raw_ann_info']
        if raw['category_id'] in self._pose_category_ids:
            # The public property copies all metainfo, which takes seconds over a whole data set.
            raw = complete_annotation(raw, self._metainfo['num_keypoints'])
        info: Info | None = super().parse_data_info({**raw_data_info, 'raw_ann_info': raw})
        if info is not None:
            info['segmentation'] = region_of(raw)
            info['area'] = np.array(area_of(raw), dtype=np.float32)
        return info

    def _get_bottomup_data_infos(self, instance_list: Sequence[Info], image_list: Sequence[Info]) -> list[Info]:
        """Return one entry per image, those without instances included if they are to be kept."""
        data_list: list[Info] = super()._get_bottomup_data_infos(instance_list, image_list)
        if self.keep_empty and not self.test_mode:
            kept = {info['img_id'] for info in data_list}
            num_keypoints = self.metainfo['num_keypoints']
            data_list += [empty_data_info(image, num_keypoints) for image in image_list if image['img_id'] not in kept]
        return data_list

    def prepare_data(self, idx: int) -> object:
        """Return a sample that went through the pipeline.

        Raises:
            SampleError: if the pipeline fails; the message names the image and says whether the
                image file is at fault.
        """
        try:
            return super().prepare_data(idx)
        except Exception as error:
            info = self.get_data_info(idx)
            is_local = '://' not in info['img_path']
            broken = describe_broken_image(info['img_path']) if is_local else None
            cause = f'{type(error).__name__}: {error}'
            remedy = 'replace the file or remove its entry from'
            raise SampleError(
                f"image '{info['img_path']}' (id {info['img_id']}) could not be prepared: "
                + (f"{broken}; {remedy} '{self.ann_file}' ({cause})" if broken else cause)
            ) from error


def empty_data_info(image: Info, num_keypoints: int) -> Info:
    """Return the training entry of an image without instances: MMPose's keys with zero-length arrays.

    Args:
        image: has ``img_id`` and ``img_path``.
        num_keypoints: K.
    """
    float_shapes = {
        'bbox': (0, 4),
        'bbox_score': (0,),
        'keypoints': (0, num_keypoints, 2),
        'keypoints_visible': (0, num_keypoints),
        'area': (0,),
    }
    lists = ('num_keypoints', 'iscrowd', 'segmentation', 'id', 'raw_ann_info', 'invalid_segs')
    return {
        'img_id': image['img_id'],
        'img_path': image['img_path'],
        'category_id': np.zeros(0, dtype=np.int64),
        **{key: np.zeros(shape, dtype=np.float32) for key, shape in float_shapes.items()},
        **{key: [] for key in lists},
    }


@DATASETS.register_module()
class CheckedCocoDataset(CheckedAnnotationsMixin, CocoDataset):
    """COCO keypoints, checked; see :class:`CheckedAnnotationsMixin`."""


@DATASETS.register_module()
class CheckedCrowdPoseDataset(CheckedAnnotationsMixin, CrowdPoseDataset):
    """CrowdPose, checked; see :class:`CheckedAnnotationsMixin`."""


@DATASETS.register_module()
class CheckedOCHumanDataset(CheckedAnnotationsMixin, OCHumanDataset):
    """OCHuman, checked; see :class:`CheckedAnnotationsMixin`."""
