from __future__ import annotations

import copy
import json
import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed
from mmengine.evaluator import Evaluator
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample

from dualcenter_mmpose.coco.annotation_checks import AnnotationError
from dualcenter_mmpose.evaluation import bbp_bbr_metric
from dualcenter_mmpose.evaluation.bbp_bbr_metric import BBPBBRMetric
from tests.reference.coco_files import coco_content, person, write_coco

SMALL, LARGE = (10.0, 10.0, 40.0, 60.0), (20.0, 5.0, 150.0, 140.0)
# Image 1 has a small person and one without keypoints, image 2 a large one, image 3 nobody.
PEOPLE = (
    person(1, 1, SMALL),
    person(2, 1, (100.0, 10.0, 30.0, 30.0), num_labelled=0),
    person(3, 2, LARGE),
)
META = {'dataset_name': 'tiny', 'num_keypoints': 17, 'sigmas': np.full(17, 0.05)}


def pose(box: tuple[float, float, float, float]) -> np.ndarray:
    """Return 17 keypoints on the diagonal of a box."""
    x, y, w, h = box
    return np.linspace([x, y], [x + w, y + h], 17).astype(np.float32)


def data_sample(image_id: int, *boxes: tuple, wrap: Callable = np.asarray, **instances: object) -> dict:
    """Return the data sample of an image with the given people found, falling scores."""
    poses = np.array([pose(box) for box in boxes], np.float32).reshape(-1, 17, 2)
    pred = {
        'keypoints': wrap(poses),
        'keypoint_scores': wrap(np.full(poses.shape[:2], 0.5, np.float32)),
        'bbox_scores': wrap(np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)),
        **instances,
    }
    annotations = [a for a in PEOPLE if a['image_id'] == image_id]
    return {
        'img_id': image_id,
        'id': [a['id'] for a in annotations],
        'ori_shape': (160, 200),
        'pred_instances': pred,
        'gt_instances': {},
        'raw_ann_info': copy.deepcopy(annotations) or None,
    }


# Found: the small person, the large one, and in the empty image somebody who is not there.
SAMPLES = (data_sample(1, SMALL), data_sample(2, LARGE), data_sample(3, SMALL))


def run(metric: BBPBBRMetric, samples: Sequence[dict] = SAMPLES) -> dict[str, float]:
    """Return the results of a metric fed sample by sample."""
    metric.dataset_meta = META
    for sample in samples:
        metric.process(None, [sample])
    return metric.evaluate(len(samples))


@pytest.fixture
def ann_file(tmp_path: Path) -> str:
    """Return the path of the tiny annotation file."""
    return write_coco(tmp_path, coco_content(*PEOPLE))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the messages that the metric logs; mmengine's logger bypasses pytest's capture."""
    messages: list[str] = []
    monkeypatch.setattr(bbp_bbr_metric, 'print_log', lambda message, **options: messages.append(message))
    return messages


class TestResults:
    """Keys, values and where the ground truth comes from."""

    def test_by_hand(self, ann_file: str) -> None:
        """Two of three persons found; the false one scores 0.9 like both hits.

        By tool area (half the box) S has persons of 1200 and 450 px, M one of 10500 px. Equal
        scores go by image, so hits come first: precision 1 up to recall 2/3, 67 of 101 levels.
        """
        results = run(BBPBBRMetric(ann_file))
        assert results['bbox/BBP'] == pytest.approx(67 / 101, abs=1e-9)
        assert results['bbox/BBR'] == pytest.approx(2 / 3)
        assert results['bbox/BBR (S)'] == 0.5
        assert results['bbox/BBR (M)'] == 1.0
        assert results['bbox/BBR (L)'] == -1.0
        assert results['bbox/BBR (L, bbox)'] == 1.0
        assert results['bbox/BBR (M, bbox)'] == -1.0

    @pytest.mark.parametrize('area_source', ['tool', 'bbox'])
    def test_keys_of_one_source(self, ann_file: str, area_source: str) -> None:
        """One area source gives the eight plain keys; both sources keep those of the tool."""
        keys = [f'bbox/{m}{s}' for m in ('BBP', 'BBR') for s in ('', ' (S)', ' (M)', ' (L)')]
        one = run(BBPBBRMetric(ann_file, area_source=area_source))
        assert list(one) == keys
        if area_source == 'tool':
            both = run(BBPBBRMetric(ann_file))
            assert {key: both[key] for key in keys} == one

    def test_annotation_file_and_data_samples_agree(self, ann_file: str) -> None:
        """Ground truth from the file, from the message hub, from the samples: one result."""
        expected = run(BBPBBRMetric(ann_file))
        assert run(BBPBBRMetric()) == expected
        MessageHub.get_current_instance().update_info('tiny_ann_file', ann_file)
        try:
            stripped = [{k: v for k, v in s.items() if k != 'raw_ann_info'} for s in SAMPLES]
            assert run(BBPBBRMetric(), stripped) == expected
        finally:
            MessageHub.get_current_instance().pop_info('tiny_ann_file')

    def test_torch_and_data_sample_objects(self, ann_file: str) -> None:
        """Tensors inside PoseDataSample give what arrays inside dictionaries give."""
        objects = []
        for sample in SAMPLES:
            wrapped = PoseDataSample(metainfo={k: sample[k] for k in ('img_id', 'id')})
            pred = {k: torch.as_tensor(v) for k, v in sample['pred_instances'].items()}
            wrapped.pred_instances = InstanceData(**pred)
            objects.append(wrapped.to_dict())
        assert run(BBPBBRMetric(ann_file), objects) == run(BBPBBRMetric(ann_file))

    def test_crowdpose_size_comes_from_the_box(self, tmp_path: Path) -> None:
        """With 'crowdIndex' the area field is not read: 0.53 of 21000 px is medium, not 10 px."""
        content = coco_content(person(3, 2, LARGE, area=10.0))
        ann_file = write_coco(tmp_path, content)
        samples = (data_sample(1), data_sample(2, LARGE), data_sample(3))
        assert run(BBPBBRMetric(ann_file), samples)['bbox/BBR (S)'] == 1.0
        content['images'][0]['crowdIndex'] = 0.4
        ann_file = write_coco(tmp_path, content)
        assert run(BBPBBRMetric(ann_file), samples)['bbox/BBR (M)'] == 1.0
        assert run(BBPBBRMetric(ann_file, use_area=True), samples)['bbox/BBR (S)'] == 1.0

    def test_joints_marked_absent_take_no_part(self, ann_file: str) -> None:
        """A far joint of score 0 does not spoil the box."""
        poses, scores = pose(SMALL)[None].copy(), np.ones((1, 17))
        poses[0, 3], scores[0, 3] = (190, 150), 0
        spoilt = data_sample(1, SMALL, keypoints=poses, keypoint_scores=scores)
        assert run(BBPBBRMetric(ann_file), [spoilt, *SAMPLES[1:]])['bbox/BBR (S)'] == 0.5
        thr = BBPBBRMetric(ann_file, keypoint_thr=-1.0)
        assert run(thr, [spoilt, *SAMPLES[1:]])['bbox/BBR (S)'] == 0.0


class TestEmptyCases:
    """No people, no predictions, neither."""

    @pytest.mark.parametrize('source', ['file', 'samples'])
    def test_nothing_found(self, ann_file: str, source: str) -> None:
        """People, but no predictions: 0."""
        metric = BBPBBRMetric(ann_file if source == 'file' else None)
        results = run(metric, [data_sample(i) for i in (1, 2, 3)])
        assert (results['bbox/BBP'], results['bbox/BBR']) == (0.0, 0.0)

    def test_nobody_there(self) -> None:
        """Predictions, but no people: not defined, -1."""
        results = run(BBPBBRMetric(), [data_sample(3, SMALL)])
        assert set(results.values()) == {-1.0}

    def test_neither(self) -> None:
        """No people, no predictions: not defined, -1."""
        assert set(run(BBPBBRMetric(), [data_sample(3)]).values()) == {-1.0}


class TestScoreMode:
    """What ranks the poses."""

    def swapped(self) -> list[dict]:
        """Return samples whose pose scores favour the false person and keypoint scores the real."""
        scores = [np.full((1, 17), value) for value in (0.9, 0.8, 0.1)]
        samples = [
            data_sample(i, box, keypoint_scores=s, bbox_scores=np.array([1 - s.mean()]))
            for i, box, s in zip((1, 2, 3), (SMALL, LARGE, SMALL), scores)
        ]
        return samples

    def test_modes(self, ann_file: str) -> None:
        """By pose scores the miss goes first: precision 0, 1/2, 2/3; by keypoint scores last."""
        by_pose = run(BBPBBRMetric(ann_file), self.swapped())
        by_keypoints = run(BBPBBRMetric(ann_file, score_mode='keypoint'), self.swapped())
        assert by_pose['bbox/BBP'] == pytest.approx(67 * 2 / 3 / 101, abs=1e-9)
        assert by_keypoints['bbox/BBP'] == pytest.approx(67 / 101, abs=1e-9)

    def test_missing_pose_scores_warn_once(self, ann_file: str, log: list[str]) -> None:
        """Stock DEKR gives none: mean keypoint scores rank, and one warning says so."""
        samples = self.swapped()
        for sample in samples:
            del sample['pred_instances']['bbox_scores']
        results = run(BBPBBRMetric(ann_file), samples)
        assert results['bbox/BBP'] == pytest.approx(67 / 101, abs=1e-9)
        assert sum('bbox_scores' in message for message in log) == 1


class TestRepeatedAndMissingSamples:
    """Samples that arrive twice or never."""

    def test_repeated_samples_count_once(self, ann_file: str) -> None:
        """A sampler that fills up the last round changes nothing."""
        assert run(BBPBBRMetric(ann_file), (*SAMPLES, SAMPLES[0])) == run(BBPBBRMetric(ann_file))

    def test_top_down_samples_of_one_image_are_joined(self, ann_file: str) -> None:
        """Samples of one image that differ in the annotation's id all count."""
        other = data_sample(1, PEOPLE[1]['bbox'])
        first, second = ({**s, 'id': i} for s, i in ((SAMPLES[0], 1), (other, 2)))
        results = run(BBPBBRMetric(ann_file), (first, second, *SAMPLES[1:]))
        assert results['bbox/BBR'] == 1.0

    def test_image_of_the_file_that_never_arrives_is_missed(self, ann_file: str, log: list[str]) -> None:
        """Its persons count as missed, and a warning gives the number of such images."""
        results = run(BBPBBRMetric(ann_file), SAMPLES[:1])
        assert results['bbox/BBR'] == pytest.approx(1 / 3)
        assert any('2 of 3 images' in message for message in log)

    def test_image_that_is_not_in_the_file_is_refused(self, ann_file: str) -> None:
        """The message names the image and the file."""
        with pytest.raises(ValueError, match=r'first ids: \[77\]'):
            run(BBPBBRMetric(ann_file), [*SAMPLES, {**data_sample(1), 'img_id': 77}])


class TestBesideCocoMetric:
    """Several metrics on the same samples."""

    def test_one_evaluator_list(self, ann_file: str) -> None:
        """Both metrics read the same samples, neither changes them, and keys do not collide."""
        init_default_scope('mmpose')
        samples = copy.deepcopy(SAMPLES)
        coco = {'type': 'CocoMetric', 'ann_file': ann_file, 'score_mode': 'bbox'}
        coco['nms_mode'] = 'none'
        ours = {'type': 'BBPBBRMetric', 'ann_file': ann_file}
        evaluator = Evaluator([METRICS.build(cfg) for cfg in (ours, coco, {**ours, 'prefix': 'b'})])
        evaluator.dataset_meta = copy.deepcopy(META)
        evaluator.process(samples)
        results = evaluator.evaluate(3)
        # Both people with keypoints are found exactly, at the score of the false one.
        assert results['coco/AP'] == pytest.approx(1.0)
        assert results['bbox/BBR'] == results['b/BBR'] == pytest.approx(2 / 3)
        for before, after in zip(SAMPLES, samples):
            for key, value in before['pred_instances'].items():
                np.testing.assert_array_equal(after['pred_instances'][key], value)
            assert after['raw_ann_info'] == before['raw_ann_info']


class TestOutput:
    """Log and file."""

    def test_table_and_file(self, ann_file: str, tmp_path: Path, log: list[str]) -> None:
        """The log holds a table with counts for both area sources; the file the same in percent."""
        run(BBPBBRMetric(ann_file, outfile_prefix=str(tmp_path / 'out' / 'val')))
        assert len(log) == 2
        assert all(name in table for name, table in zip(("'tool'", "'bbox'"), log))
        assert all('persons 3 2' in ' '.join(table.split()) for table in log)
        written = json.loads((tmp_path / 'out' / 'val.bbp_bbr.json').read_text())
        assert written['tool']['BBR']['S'] == 50.0
        assert written['bbox']['num_gt'] == {'All': 3, 'S': 2, 'M': 0, 'L': 1}


class TestBadOptions:
    """Configurations and samples that are refused."""

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            ({'area_source': 'mask'}, r"area_source must be one of \['tool', 'bbox', 'both'\]"),
            ({'score_mode': 'bbox_keypoint'}, r"score_mode must be one of \['bbox', 'keypoint'\]"),
        ],
    )
    def test_unknown_choices_are_refused(self, options: dict, message: str) -> None:
        """The message names the choices."""
        with pytest.raises(ValueError, match=message):
            BBPBBRMetric(**options)

    def test_unusable_annotation_file_is_refused_when_built(self, tmp_path: Path) -> None:
        """Not only after the first epoch."""
        with pytest.raises(AnnotationError, match='does not exist'):
            BBPBBRMetric(str(tmp_path / 'none.json'))

    def test_sample_without_annotations_is_refused(self) -> None:
        """Without a file the samples must carry them."""
        with pytest.raises(KeyError, match='ann_file'):
            BBPBBRMetric().process(None, [{'img_id': 1, 'pred_instances': {}}])


def evaluate_on_rank(rank: int, folder: str, ann_file: str, samples: list[dict], queue: multiprocessing.Queue) -> None:
    """Evaluate this process's share of the samples and report the result."""
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    metric = BBPBBRMetric(ann_file, collect_dir=f'{folder}/parts')
    metric.dataset_meta = META
    for sample in samples:
        metric.process(None, [sample])
    queue.put((rank, metric.evaluate(3)))
    torch.distributed.destroy_process_group()


class TestTwoProcesses:
    """Evaluation spread over processes."""

    def test_result_equals_that_of_one_process(self, ann_file: str, tmp_path: Path) -> None:
        """With a repetition ahead of it, image 3 would be lost by cutting to the data set's size."""
        context = multiprocessing.get_context('fork')
        queue = context.Queue()
        shares = ([SAMPLES[2], SAMPLES[2]], [SAMPLES[0], SAMPLES[1]])
        workers = [
            context.Process(target=evaluate_on_rank, args=(rank, str(tmp_path), ann_file, share, queue))
            for rank, share in enumerate(shares)
        ]
        for worker in workers:
            worker.start()
        results = dict(queue.get(timeout=60) for _ in workers)
        for worker in workers:
            worker.join(timeout=60)
        assert results[0] == results[1] == run(BBPBBRMetric(ann_file))
