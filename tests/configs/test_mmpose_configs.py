"""MMPose's own models with our metric: nothing but the metric is added, and both metrics run on what they predict."""

from __future__ import annotations

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from tests.configs.reduce import ROOT, walk
from tests.reference.coco_files import coco_content, person, write_coco

FILES = sorted((ROOT / 'configs' / 'mmpose').glob('*.py'))
SIZE = 128
GIVES_SCORES = {'ae': True, 'cid': False, 'dekr': False, 'rtmo': True}
"""Whether a method's head predicts a score for each pose, beside those of the keypoints."""


def method_of(path):
    return path.name.split('_')[0].split('-')[0]


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_only_the_metric(path):
    """All else is MMPose's; the box metric ranks by the score that AP ranks by, on the same file."""
    config = Config.fromfile(path)
    (base,) = [line.split("'")[1] for line in path.read_text().splitlines() if line.startswith('_base_')]
    theirs = Config.fromfile(f'{mmpose.__path__[0]}/.mim/configs/{base.split("::")[1]}')
    added = {'custom_imports', 'val_evaluator', 'test_evaluator'}
    for key in set(config) | set(theirs):
        if key not in added:
            assert _plain(config.get(key)) == _plain(theirs.get(key)), key
    average_precision, boxes = config.test_evaluator
    assert config.val_evaluator == config.test_evaluator
    assert _plain(average_precision) == _plain(theirs.test_evaluator)
    assert boxes.type == 'BBPBBRMetric'
    assert boxes.ann_file == average_precision.ann_file
    assert boxes.score_mode == average_precision.score_mode == ('bbox' if GIVES_SCORES[method_of(path)] else 'keypoint')
    assert len(path.read_text().splitlines()) <= 15


def _plain(node):
    """Return a config part without the scope that mmengine notes where a base is another package's."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items() if key != '_scope_'}
    return [_plain(value) for value in node] if isinstance(node, (list, tuple)) else node


@pytest.mark.slow
@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_predicts(path, tmp_path):
    """Built with random weights, it is tested on small images, and both metrics give their numbers."""
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 1, (110, 30, 50, 80))]
    ann_file = write_coco(tmp_path, coco_content(*people, num_images=2), with_images=True)
    config = Config.fromfile(path)
    for node in walk(config._cfg_dict):
        if 'checkpoint' in (node.get('init_cfg') or {}):
            node['init_cfg'] = None
        if 'heatmap_size' in node:
            node.update(input_size=(SIZE, SIZE), heatmap_size=(SIZE // 4, SIZE // 4))
        if node.get('type') in ('CocoMetric', 'BBPBBRMetric'):
            node['ann_file'] = ann_file
    config.model.head.pop('rescore_cfg', None)
    dataset = config.test_dataloader.dataset
    dataset.update(data_root='', ann_file=ann_file, data_prefix=dict(img=str(tmp_path)))
    dataset.pipeline[1].input_size = (SIZE, SIZE)
    config.model.test_cfg.input_size = (SIZE, SIZE)
    config.test_dataloader.update(num_workers=0, persistent_workers=False)
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'custom_hooks'):
        config.pop(key, None)
    for key in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        config.pop(key)
    config.work_dir, config.launcher = str(tmp_path / 'work'), 'none'
    torch.manual_seed(0)
    metrics = Runner.from_cfg(config).test()
    assert 'coco/AP' in metrics
    assert 0 <= metrics['bbox/BBR'] <= 1
    assert {'bbox/BBP (S)', 'bbox/BBR (L, bbox)'} < set(metrics)
