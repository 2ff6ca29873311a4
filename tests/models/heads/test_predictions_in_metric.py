"""What the head predicts, on its way through MMPose's estimator into its metrics."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpose.models.pose_estimators import BottomupPoseEstimator
from mmpose.registry import METRICS

from dualcenter_mmpose.models.heads import DualCenterHead
from dualcenter_mmpose.types import DenseMaps
from tests.configs.reduce import CONFIG_FILES, load_reduced
from tests.helpers import codec_config, encode_sample, standing_people
from tests.models.heads.pose_heads import make_head, random_features

INPUT, IMAGE = 256, 512
PEOPLE = [
    standing_people([(50, 60, 4), (120, 150, 6), (205, 90, 2.5)]),
    standing_people([(60, 140, 7), (190, 120, 5), (120, 50, 2)]),
]
"""Input px of two images: the units are chosen for instances of COCO's medium and large sizes."""
CONFIG = next(path for path in CONFIG_FILES if path.stem == 'dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512')


def annotate(image_id: int, poses: np.ndarray) -> list[dict[str, Any]]:
    """Return the annotations of an image's instances, in image px."""
    annotations = []
    for number, pose in enumerate(poses * IMAGE / INPUT):
        (x, y), (w, h) = pose.min(axis=0), np.ptp(pose, axis=0)
        keypoints = np.concatenate((pose, np.full((17, 1), 2)), axis=1).ravel()
        box = dict(bbox=[float(v) for v in (x, y, w, h)], area=float(0.6 * w * h))
        ids = dict(id=10 * image_id + number, image_id=image_id, category_id=1)
        annotations.append(dict(**ids, **box, iscrowd=0, num_keypoints=17, keypoints=keypoints.tolist()))
    return annotations


@pytest.fixture(scope='module')
def ann_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of the two images' annotations."""
    content = dict(
        images=[dict(id=i, file_name=f'{i}.png', width=IMAGE, height=IMAGE) for i in (1, 2)],
        categories=[dict(id=1, name='person')],
        annotations=[annotation for i in (1, 2) for annotation in annotate(i, PEOPLE[i - 1])],
    )
    path = tmp_path_factory.mktemp('metric') / 'ann.json'
    path.write_text(json.dumps(content))
    return str(path)


def noisy_maps(head: DualCenterHead, samples: list[Any]) -> DenseMaps:
    """Return the instances' maps with errors, and peaks where nothing is."""
    targets = head.make_targets(samples)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(targets.displacements.shape, generator=generator)
    heat = targets.heatmaps * (1 - 0.3 * torch.rand(targets.heatmaps.shape, generator=generator))
    heat[:, 17:, 3, 60] = 0.85
    return DenseMaps(heat, targets.displacements + 0.35 * noise)


@pytest.fixture(scope='module')
def predicted() -> list[dict[str, Any]]:
    """Return the samples of two images as the estimator hands them to metrics, instances found by the whole head."""
    head = make_head(codec_config(INPUT)).eval()
    # Untrained, the network gives every pose nearly the same score.
    torch.nn.init.normal_(head.pose_nets.nets['confidence'].layers[-1].weight, std=2)
    samples = [encode_sample(head.decoder, poses) for poses in PEOPLE]
    maps = noisy_maps(head, samples)
    head.forward = lambda feats: maps
    with torch.no_grad():
        instances = head.predict(random_features(2, INPUT), samples)
    for image_id, sample in enumerate(samples, 1):
        middle, extent = np.full(2, IMAGE / 2), np.full(2, float(IMAGE))
        sample.set_metainfo(dict(img_id=image_id, id=[image_id], input_center=middle, input_scale=extent))
    return [s.to_dict() for s in BottomupPoseEstimator.add_pred_to_datasample(None, instances, None, samples)]


def score(
    ann_file: str, predicted: list[dict[str, Any]], change: Callable[[dict[str, Any]], object] = lambda found: None
) -> dict[str, float]:
    """Return CocoMetric's results, with the config's options, after a change of every image's predictions."""
    config = load_reduced(CONFIG, ann_file, str(Path(ann_file).parent))
    options = next(metric for metric in config.val_evaluator if metric.type == 'CocoMetric')
    assert options.score_mode == 'bbox'
    evaluator = Evaluator([METRICS.build(options)])
    sigmas = np.array([0.05] * 17)
    evaluator.dataset_meta = dict(dataset_name='coco', num_keypoints=17, sigmas=sigmas, CLASSES=[])
    for sample in copy.deepcopy(predicted):
        change(sample['pred_instances'])
        evaluator.process([{**sample, 'gt_instances': {}}])
    return evaluator.evaluate(len(predicted))


class TestBoxes:
    """CocoMetric takes the area of a prediction from its box, if it has one."""

    def test_same_without_boxes(self, ann_file: str, predicted: list) -> None:
        """The boxes are the tight ones of all keypoints: with and without them, every number is the same."""
        results = score(ann_file, predicted)
        assert results == score(ann_file, predicted, lambda found: found.pop('bboxes'))
        assert 0.2 < results['coco/AP'] < 0.8
        assert min(results['coco/AP (M)'], results['coco/AP (L)']) > 0.2

    def test_other_boxes_would_not_do(self, ann_file: str, predicted: list) -> None:
        """Boxes half as wide and high move instances between medium and large: the comparison above can fail."""

        def shrink(found: dict[str, Any]) -> None:
            boxes = found['bboxes'].reshape(-1, 2, 2)
            middles = boxes.mean(axis=1, keepdims=True)
            found['bboxes'] = (middles + (boxes - middles) / 2).reshape(-1, 4)

        results = score(ann_file, predicted)
        shrunk = score(ann_file, predicted, shrink)
        assert shrunk['coco/AP'] == results['coco/AP']
        assert shrunk['coco/AP (L)'] != results['coco/AP (L)']

    def test_tight_in_image_pixels(self, predicted: list) -> None:
        """The estimator turns both boxes and keypoints into image px."""
        for sample in predicted:
            found = sample['pred_instances']
            corners = np.concatenate((found['keypoints'].min(axis=1), found['keypoints'].max(axis=1)), axis=1)
            np.testing.assert_allclose(found['bboxes'], corners, atol=1e-3)
            assert found['bboxes'].max() > INPUT


class TestScores:
    """The order of predictions."""

    def test_instance_scores_decide(self, ann_file: str, predicted: list) -> None:
        """The same scores dealt out with the false alarm last, or first: another AP."""
        good = score(ann_file, predicted, lambda found: self.deal_scores(found, found['keypoint_scores'].mean(axis=1)))
        bad = score(ann_file, predicted, lambda found: self.deal_scores(found, -found['keypoint_scores'].mean(axis=1)))
        assert good['coco/AP'] > bad['coco/AP'] + 0.05

    def deal_scores(self, found: dict[str, Any], order: np.ndarray) -> None:
        """Permute the instance scores so that they are ranked as ``order`` is."""
        found['bbox_scores'] = np.sort(found['bbox_scores'])[np.argsort(np.argsort(order))]

    def test_keypoint_scores_do_not(self, ann_file: str, predicted: list) -> None:
        """Heatmap values of the keypoints, dealt out otherwise, alters nothing."""
        other = score(ann_file, predicted, lambda f: f.update(keypoint_scores=f['keypoint_scores'][::-1] ** 3))
        assert other == score(ann_file, predicted)

    def test_confidence_is_what_is_ranked(self, predicted: list) -> None:
        """Instance scores fall from instance to instance, while the means of the keypoints' scores do not."""
        found = [sample['pred_instances'] for sample in predicted]
        assert all(len(one['bbox_scores']) > 3 for one in found)
        assert all((np.diff(one['bbox_scores']) <= 0).all() for one in found)
        assert any((np.diff(one['keypoint_scores'].mean(axis=1)) > 0).any() for one in found)
