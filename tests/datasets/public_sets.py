"""Small annotation files in the format of CrowdPose's and OCHuman's public ones, and the way through a real config.

CrowdPose (``mmpose_crowdpose_trainval.json``): images carry ``crowdIndex``; annotations have neither ``area`` nor
``segmentation``, and ``num_keypoints`` leaves the top of the head and the neck out.
OCHuman (``ochuman_coco_format_val_range_0.00_1.00.json``): keypoints are broken numbers, ``area`` is that of the box,
``segmentation`` is a compressed run-length encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mmpose.datasets.transforms
import numpy as np
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.models.pose_estimators import BottomupPoseEstimator
from mmpose.registry import DATASETS, METRICS
from pycocotools import mask as coco_mask
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from tests.configs.reduce import ROOT, load_reduced, walk
from tests.reference.coco_files import COCO_KEYPOINT_NAMES, person

CONFIGS = ROOT / 'configs' / 'dualcenter'
SIZE = 512

CROWDPOSE_NAMES = (
    'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist',
    'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle', 'top_head', 'neck',
)  # fmt: skip

STANDING = {
    'left_shoulder': (160, 112), 'right_shoulder': (120, 108), 'left_elbow': (172, 130), 'right_elbow': (108, 130),
    'left_wrist': (176, 150), 'right_wrist': (104, 150), 'left_hip': (154, 160), 'right_hip': (126, 164),
    'left_knee': (152, 210), 'right_knee': (128, 210), 'left_ankle': (150, 256), 'right_ankle': (130, 256),
    'top_head': (144, 64), 'neck': (138, 100),
}  # fmt: skip
"""Image px. The head's center is (141, 82), the body's is (140, 136)."""

STANDING_BOX = (98.0, 60.0, 84.0, 200.0)
"""x, y, w, h of that person: 16800 px^2, of which 0.53 are 8904 px^2."""


def crowdpose_person(
    annotation_id: int,
    image_id: int,
    shift: tuple[int, int] = (0, 0),
    without: Sequence[str] = (),
    box: tuple[float, float, float, float] = STANDING_BOX,
) -> dict[str, Any]:
    """Return the standing person, moved, without some of its labels; the box moves along."""
    keypoints: list[int] = []
    for name in CROWDPOSE_NAMES:
        x, y = (place + move for place, move in zip(STANDING[name], shift))
        visibility = 1 if name in ('top_head', 'neck') else 2
        keypoints += [0, 0, 0] if name in without else [x, y, visibility]
    return {
        'num_keypoints': sum(v > 0 for v in keypoints[2:36:3]),
        'iscrowd': 0,
        'keypoints': keypoints,
        'image_id': image_id,
        'bbox': [box[0] + shift[0], box[1] + shift[1], *box[2:]],
        'category_id': 1,
        'id': annotation_id,
    }


BODY_NAMES = CROWDPOSE_NAMES[:12]
CROWDPOSE_PEOPLE = (
    crowdpose_person(123803, 103319),
    crowdpose_person(123804, 106848, (150, 100), without=['right_hip', 'top_head']),
    crowdpose_person(131039, 106848, without=CROWDPOSE_NAMES, box=(400.0, 20.0, 40.0, 40.0)),
    crowdpose_person(147481, 110001, (10, 20)),
    crowdpose_person(147482, 110001, (30, 30)),
    # Head and neck alone: by the file's own count, no keypoint.
    crowdpose_person(147483, 110001, (250, 50), without=BODY_NAMES, box=(126.0, 60.0, 44.0, 80.0)),
    # The legs and a part of the box lie below the image.
    crowdpose_person(147484, 110001, (300, 320), without=BODY_NAMES[8:]),
)
"""One person in an easy image, a partly and an unlabelled one in a medium image, four in a hard one."""


def crowdpose_content(names: Sequence[str] = CROWDPOSE_NAMES) -> dict[str, Any]:
    """Return the content of a file in CrowdPose's format."""
    crowding = {103319: 0.1, 106848: 0.5, 110001: 0.9}
    return {
        'categories': [{'supercategory': 'person', 'id': 1, 'name': 'person', 'keypoints': list(names)}],
        'images': [
            {'file_name': f'{i}.jpg', 'id': i, 'height': SIZE, 'width': SIZE, 'crowdIndex': index}
            for i, index in crowding.items()
        ],
        'annotations': [dict(annotation) for annotation in CROWDPOSE_PEOPLE],
    }


def ochuman_person(
    annotation_id: int, image_id: int, box: tuple[int, int, int, int], num_labelled: int = 17
) -> dict[str, Any]:
    """Return a person whose region is the lower half of its box."""
    x, y, w, h = box
    region = np.zeros((SIZE, SIZE), np.uint8, order='F')
    region[y + h // 2 : y + h, x : x + w] = 1
    encoded = coco_mask.encode(region)
    outline = {'counts': encoded['counts'].decode('ascii'), 'size': list(encoded['size'])}
    box = tuple(float(v) for v in box)
    changes = dict(area=w * h, bbox=[x, y, w, h], segmentation=outline)
    return person(annotation_id, image_id, box, num_labelled, **changes)


OCHUMAN_PEOPLE = (
    ochuman_person(1, 1, (40, 30, 160, 400)),
    ochuman_person(2, 1, (100, 50, 180, 420), num_labelled=16),
    ochuman_person(3, 2, (60, 100, 90, 110)),
    ochuman_person(4, 2, (75, 110, 80, 100), num_labelled=9),
)


def ochuman_content() -> dict[str, Any]:
    """Return the content of a file in OCHuman's format: entangled pairs of people in two images."""
    category = {'keypoints': list(COCO_KEYPOINT_NAMES), 'id': 1, 'supercategory': 'person', 'name': 'person'}
    return {
        'categories': [category],
        'images': [{'file_name': f'{i:06d}.jpg', 'width': SIZE, 'height': SIZE, 'id': i} for i in (1, 2)],
        'annotations': [dict(annotation) for annotation in OCHUMAN_PEOPLE],
    }


def labelled_people(annotations: Sequence[Mapping[str, Any]], image_id: int) -> np.ndarray:
    """Return (N, K, 2) image px of an image's labelled people; unlabelled keypoints at the mean of the labelled."""
    poses = []
    for annotation in annotations:
        rows = np.array(annotation['keypoints'], np.float64).reshape(-1, 3)
        known = rows[:, 2] > 0
        if annotation['image_id'] == image_id and known.any():
            poses.append(np.where(known[:, None], rows[:, :2], rows[known, :2].mean(axis=0)))
    return np.array(poses)


def evaluate(config: Config, split: str, find: Callable[[int], np.ndarray]) -> dict[str, float]:
    """Return the results of a config's own data set and metrics on given predictions.

    Args:
        config: reduced, with the annotation file in its place.
        split: ``'val'`` or ``'test'``.
        find: image id -> (N, K, 2) image px of the people found, best first.
    """
    init_default_scope('mmpose')
    dataset = DATASETS.build(config[f'{split}_dataloader'].dataset)
    evaluator = Evaluator([METRICS.build(metric) for metric in config[f'{split}_evaluator']])
    evaluator.dataset_meta = dataset.metainfo
    for item in dataset:
        sample = item['data_samples']
        poses = find(sample.img_id)
        corner = sample.input_center - 0.5 * np.asarray(sample.input_scale)
        poses = (poses - corner) / sample.input_scale * sample.input_size
        found = InstanceData(
            keypoints=poses,
            keypoint_scores=np.full(poses.shape[:2], 0.9),
            bboxes=np.concatenate((poses.min(axis=1), poses.max(axis=1)), axis=1),
            bbox_scores=np.linspace(0.9, 0.5, len(poses)),
        )
        BottomupPoseEstimator.add_pred_to_datasample(None, [found], None, [sample])
        evaluator.process([sample])
    return evaluator.evaluate(len(dataset))


def reduced_config(name: str, ann_file: str) -> Config:
    """Return a reduced config of the project on a file whose images lie beside it."""
    return load_reduced(CONFIGS / name, ann_file, str(Path(ann_file).parent))


def encoded_samples(name: str, ann_file: str) -> tuple[Any, list[Any]]:
    """Return a config's codec, and the data samples that its training pipeline makes, with nothing left to chance.

    The images are of the codec's own size, so that input px are image px.
    """
    init_default_scope('mmpose')
    config = Config.fromfile(CONFIGS / name)
    options = config.train_dataloader.dataset
    options.update(ann_file=ann_file, data_root='', data_prefix=dict(img=str(Path(ann_file).parent)))
    for node in walk(options.pipeline):
        if str(node.get('type')).endswith('BottomupRandomAffine'):
            node.update(shift_prob=0.0, scale_prob=0.0, rotate_prob=0.0)
        if node.get('type') == 'RandomFlip':
            node.update(prob=0.0)
    dataset = DATASETS.build(options)
    codec = mmpose.datasets.transforms.GenerateTarget(encoder=config.model.head.decoder).encoder
    return codec, [item['data_samples'] for item in dataset]


def tool_oks(
    ann_file: str, image_id: int, poses: np.ndarray, iou_type: str, oks_sigmas: Sequence[float], use_area: bool
) -> np.ndarray:
    """Return (N, N) OKS of an image's poses (rows) with its annotations, as the evaluation tool computes it."""
    truth = COCO(ann_file)
    rows = np.concatenate((poses, np.ones((*poses.shape[:2], 1))), axis=2).reshape(len(poses), -1)
    found = [
        dict(image_id=image_id, category_id=1, keypoints=row.tolist(), score=1 - 0.01 * i) for i, row in enumerate(rows)
    ]
    tool = COCOeval(truth, truth.loadRes(found), iou_type, np.array(oks_sigmas), use_area)
    tool.evaluate()
    return np.array(tool.ious[image_id, 1])
