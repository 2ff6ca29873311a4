"""All numbers of a results file: CocoMetric's AP, and the BBP and BBR of `dualcenter score`."""

from __future__ import annotations

import builtins
import io
import json

import numpy as np
import pytest
from mmpose.evaluation import CocoMetric

from dualcenter import main
from dualcenter_mmpose.evaluation.results_scoring import read_files
from dualcenter_mmpose.experiments.comparison.scoring import box_curves, keypoint_precision, score_ceiling, score_file
from dualcenter_mmpose.keypoints.metainfo import load_keypoint_layout
from tests.helpers import COCO, CROWDPOSE, load_layout_names
from tests.reference.coco_files import coco_content, person, write_coco


def make_samples(content, seed, num_keypoints=17):
    """Return data samples as a model gives them: people near the annotated ones and false ones, in float32."""
    rng = np.random.default_rng(seed)
    samples = []
    for image in content['images']:
        own = [a for a in content['annotations'] if a['image_id'] == image['id']]
        poses = [np.array(a['keypoints']).reshape(-1, 3)[:, :2] + rng.normal(0, 2, (num_keypoints, 2)) for a in own]
        poses.append(rng.uniform(0, 150, (num_keypoints, 2)))
        keypoints = np.array(poses, np.float32)
        samples.append(
            dict(
                id=[a['id'] for a in own], img_id=image['id'], gt_instances={},
                pred_instances=dict(
                    keypoints=keypoints,
                    keypoint_scores=rng.uniform(0.2, 1, keypoints.shape[:2]).astype(np.float32),
                    bbox_scores=rng.uniform(0, 1, len(poses)).astype(np.float32),
                ),
            )
        )  # fmt: skip
    return samples


def run_coco_metric(folder, ann_file, samples, metainfo=COCO, **options):
    """Return CocoMetric's numbers and the results file that it writes."""
    metric = CocoMetric(ann_file=ann_file, outfile_prefix=str(folder / 'results'), nms_mode='none', **options)
    layout = load_keypoint_layout(metainfo)
    metric.dataset_meta = dict(
        dataset_name='coco', num_keypoints=len(layout.oks_sigmas), sigmas=np.array(layout.oks_sigmas)
    )
    metric.process([], samples)
    return metric.evaluate(len(samples)), str(folder / 'results.keypoints.json')


@pytest.fixture
def content():
    """Two pictures with people of several sizes, one without."""
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 1, (110, 30, 30, 40)), person(3, 2, (10, 10, 150, 140))]
    return coco_content(*people, person(4, 2, (100, 60, 40, 60), num_labelled=5))


class TestKeypointPrecision:
    """Equal to CocoMetric's on the file that it writes."""

    @pytest.mark.parametrize('score_mode', ['bbox', 'keypoint'])
    def test_coco(self, score_mode, content, tmp_path):
        """All ten numbers, to the last bit; those that are not defined are absent."""
        ann_file = write_coco(tmp_path, content)
        theirs, results = run_coco_metric(tmp_path, ann_file, make_samples(content, 0), score_mode=score_mode)
        ours, curve = keypoint_precision(read_files(ann_file, results))
        expected = {f'coco/{name}': -1 if value is None else value / 100 for name, value in ours.items()}
        assert expected == pytest.approx(theirs, abs=1e-12)
        assert 0 < ours['AP'] < 100
        # The mean of the interpolated curve over the 101 recall values is AP .5.
        assert sum(curve['precision']) / 101 == pytest.approx(ours['AP .5'])

    def test_crowdpose(self, content, tmp_path):
        """14 keypoints: CrowdPose's constants, areas from boxes, and AP by crowding."""
        content['categories'][0]['keypoints'] = load_layout_names(CROWDPOSE)
        for annotation in content['annotations']:
            annotation['keypoints'] = annotation['keypoints'][:42]
            annotation.update(num_keypoints=min(14, annotation['num_keypoints']), area=50.0)  # which must not be used
        for image, crowding in zip(content['images'], (0.05, 0.5, 0.9)):
            image['crowdIndex'] = crowding
        ann_file = write_coco(tmp_path, content)
        theirs, results = run_coco_metric(
            tmp_path, ann_file, make_samples(content, 0, 14), CROWDPOSE,
            score_mode='bbox', use_area=False, iou_type='keypoints_crowd',
        )  # fmt: skip
        ours, curve = keypoint_precision(read_files(ann_file, results))
        expected = {f'coco/{name}': -1 if value is None else value / 100 for name, value in ours.items()}
        assert expected == pytest.approx(theirs, abs=1e-12)
        assert {'AP(E)', 'AP(M)', 'AP(H)'} < set(ours)
        assert curve['recall']

    def test_nothing_found(self, content, tmp_path):
        """An empty file has an AP of 0 and no curve."""
        (tmp_path / 'empty.json').write_text('[]')
        numbers, curve = keypoint_precision(read_files(write_coco(tmp_path, content), str(tmp_path / 'empty.json')))
        assert numbers['AP'] == 0
        assert curve == dict(recall=[], precision=[])

    def test_other_keypoints(self, content, tmp_path):
        """Five keypoints have no OKS constants."""
        for annotation in content['annotations']:
            annotation['keypoints'] = annotation['keypoints'][:15]
        (tmp_path / 'empty.json').write_text('[]')
        with pytest.raises(ValueError, match=r'one of \[17, 14\] keypoints, found \[5\]'):
            keypoint_precision(read_files(write_coco(tmp_path, content), str(tmp_path / 'empty.json')))


class TestScoreFile:
    """BBP and BBR are those of `dualcenter score`, to the last bit."""

    def check(self, ann_file, results, tmp_path):
        ours = score_file(str(ann_file), str(results))
        for source in ('tool', 'bbox'):
            out = tmp_path / 'out.json'
            assert main(['score', str(ann_file), str(results), '--area-source', source, '--out', str(out)]) == 0
            theirs = json.loads(out.read_text())
            assert ours['boxes'][source] == {key: theirs[key] for key in ours['boxes'][source]}
        return ours

    def test_little(self, content, tmp_path):
        """On a model's results."""
        ann_file = write_coco(tmp_path, content)
        _, results = run_coco_metric(tmp_path, ann_file, make_samples(content, 1), score_mode='bbox')
        ours = self.check(ann_file, results, tmp_path)
        assert ours['boxes']['tool']['BBR'] != ours['boxes']['bbox']['BBR']

    def test_each_file_is_read_once(self, content, tmp_path, monkeypatch):
        """Seven numbers and curves come of one reading of the annotations and one of the results."""
        ann_file = write_coco(tmp_path, content)
        _, results = run_coco_metric(tmp_path, ann_file, make_samples(content, 1), score_mode='bbox')
        opened = []
        real = builtins.open

        def note(path, *arguments, **options):
            opened.append(str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(builtins, 'open', note)
        monkeypatch.setattr(io, 'open', note)  # pathlib's
        score_file(ann_file, results)
        assert sorted(path for path in opened if path in (ann_file, results)) == sorted([ann_file, results])

    def test_real(self, keypoint_results, tmp_path):
        """On the predictions of a public model, whose values by box area are known."""
        ours = self.check(
            keypoint_results / 'val_subset_250.json', keypoint_results / 'ax642511_detections.json', tmp_path
        )
        assert list(ours['boxes']['bbox']['BBR'].values()) == pytest.approx([20.949, 4.587, 36.567, 30.519], abs=5e-4)
        assert ours['keypoints']['AP'] == pytest.approx(21.54, abs=5e-3)


class TestScoreCeiling:
    """As `--ceiling`: labelled keypoints fill their boxes here."""

    def test_all(self, tmp_path):
        """Persons with all keypoints are found, one of two without any is missed."""
        boxes = [(20, 20, 60, 60), (10, 10, 60, 60)]
        content = coco_content(person(1, 1, boxes[0]), person(2, 2, boxes[1], num_labelled=0))
        ceiling = score_ceiling(write_coco(tmp_path, content))
        assert ceiling['tool']['BBR']['All'] == ceiling['bbox']['BBR']['S'] == 50.0


class TestBoxCurves:
    """Points of the curve are plain precision and recall down to a score."""

    def test_by_hand(self, tmp_path):
        """Found, false, found, of two people: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1."""
        people = [person(1, 1, (20, 20, 40, 40)), person(2, 2, (20, 20, 40, 40))]
        ann_file = write_coco(tmp_path, coco_content(*people))
        far = person(0, 1, (120, 90, 40, 40))
        rows = [
            dict(image_id=image, keypoints=pose['keypoints'], score=score)
            for image, pose, score in ((1, people[0], 0.9), (1, far, 0.8), (2, people[1], 0.7))
        ]
        (tmp_path / 'results.json').write_text(json.dumps(rows))
        curves = box_curves(read_files(ann_file, str(tmp_path / 'results.json')))
        assert curves['All']['recall'] == pytest.approx([50, 50, 100])
        assert curves['All']['precision'] == pytest.approx([100, 50, 200 / 3])
        assert curves['L'] == dict(recall=[], precision=[])
