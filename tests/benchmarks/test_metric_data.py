"""The made-up data set of the evaluation benchmark."""

import numpy as np

from benchmarks.metric_data import SIZE, make_annotations, make_samples


def make():
    rng = np.random.default_rng(0)
    annotations = make_annotations(rng, 20, 300)
    return annotations, make_samples(rng, annotations, 20, 2000)


def test_annotations():
    """As many as asked for, in images 1 to 20, inside the picture, with a few crowd regions and every size."""
    annotations, _ = make()
    boxes = np.array([ann['bbox'] for ann in annotations])
    assert len(annotations) == 300
    assert {ann['image_id'] for ann in annotations} == set(range(1, 21))
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= np.array(SIZE) + 1e-9).all()
    assert 0 < sum(ann['iscrowd'] for ann in annotations) < 20
    areas = np.array([ann['area'] for ann in annotations])
    assert min((areas < 64**2).sum(), (areas > 128**2).sum(), len(areas)) > 20


def test_samples():
    """One an image, as many poses as asked for; some find their person closely, some nobody."""
    annotations, samples = make()
    assert [sample.img_id for sample in samples] == list(range(1, 21))
    assert sum(len(sample.pred_instances) for sample in samples) == 2000
    first = np.array([ann['bbox'] for ann in annotations if ann['image_id'] == 1])
    poses = samples[0].pred_instances.keypoints
    near, far = poses.min(1), poses.max(1)
    apart = np.abs(np.hstack([near, far])[:, None] - np.hstack([first[:, :2], first[:, :2] + first[:, 2:]])).max(-1)
    nearest = (apart / first[:, 3]).min(1)
    assert (nearest < 0.2).sum() > 10
    assert (nearest > 0.4).sum() > 10
