"""Every config builds, loads data, and runs loss, backward, step, prediction and evaluation at a reduced size."""

from __future__ import annotations

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from tests.configs.reduce import CONFIG_FILES, ROOT, load_reduced, type_name, walk
from tests.helpers import CROWDPOSE, load_layout_names
from tests.reference.coco_files import coco_content, person, write_coco

NAMES = [str(path.relative_to(ROOT / 'configs')) for path in CONFIG_FILES]


@pytest.fixture(scope='session')
def coco_set(tmp_path_factory):
    """Annotations and images of three pictures, two with people."""
    folder = tmp_path_factory.mktemp('coco')
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 1, (110, 30, 50, 80)), person(3, 2, (40, 10, 80, 120))]
    return write_coco(folder, coco_content(*people), with_images=True), str(folder)


@pytest.fixture(scope='session')
def crowdpose_set(tmp_path_factory):
    """The same with CrowdPose's 14 keypoints."""
    folder = tmp_path_factory.mktemp('crowdpose')
    content = coco_content(person(1, 1, (20, 20, 60, 90)), person(3, 2, (40, 10, 80, 120)))
    content['categories'][0]['keypoints'] = load_layout_names(CROWDPOSE)
    for annotation in content['annotations']:
        annotation['keypoints'] = annotation['keypoints'][:42]
        annotation['num_keypoints'] = 14
        del annotation['area']
    for image in content['images']:
        image['crowdIndex'] = 0.3
    return write_coco(folder, content, with_images=True), str(folder)


def _is_ablation(path):
    return path.parent.name == 'ablation'


def _is_variant(path):
    """Return whether a config is another one but for a few lines: the others run with the fast tests."""
    is_rival = bool({'higherhrnet', 'swahr'} & set(path.parts))
    is_light = 'efficientnet-lite0' in path.stem
    return (
        _is_ablation(path)
        or any(word in path.stem for word in ('w48', 'overfit'))
        or (is_rival and path.parent.name != 'synthetic')
        or (is_light and not path.stem.startswith('dualcenter_efficientnet-lite0_1xb8-6e'))
    )


RUNS = [pytest.param(path, marks=[pytest.mark.slow] * _is_variant(path), id=n) for path, n in zip(CONFIG_FILES, NAMES)]


@pytest.mark.parametrize('path', RUNS)
def test_runs(path, coco_set, crowdpose_set, tmp_path):
    """Data, one training step, one test pass and the metrics."""
    if 'efficientnet-lite0' in path.name:
        pytest.importorskip('timm')
    data = crowdpose_set if 'crowdpose' in path.name else coco_set
    config = load_reduced(path, *data)
    config.work_dir = str(tmp_path)
    config.default_hooks.logger = dict(type='LoggerHook', interval=1)
    config.launcher = 'none'
    torch.manual_seed(0)
    runner = Runner.from_cfg(config)
    model = runner.model.train()
    batch = next(iter(runner.build_dataloader(config.train_dataloader)))
    logged = model.train_step(batch, OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01)))
    assert torch.isfinite(logged['loss'])
    metrics = runner.test()
    ap = [value for key, value in metrics.items() if key.endswith('/AP')]
    assert len(ap) == 1
    assert -1 <= ap[0] <= 1
    assert 'bbox/BBP (S)' in metrics
    assert 'bbox/BBR (L, bbox)' in metrics


@pytest.mark.parametrize('path', [p for p in CONFIG_FILES if 'lazy' not in p.parts], ids=lambda p: p.stem)
def test_file_name(path):
    """Names follow {method}_{backbone}_{gpus}xb{batch}-{epochs}e_{data}-{size}, so that mim finds one file by name."""
    assert '_hrnet-w' in path.stem or '_efficientnet-lite0_' in path.stem
    assert [p.name for p in CONFIG_FILES].count(path.name) == 1


@pytest.mark.parametrize('path', filter(_is_ablation, CONFIG_FILES), ids=lambda p: p.stem)
def test_ablation_is_short(path):
    """What is compared can be read at a glance."""
    assert len(path.read_text().splitlines()) <= 30


def test_inherited_by_a_user(tmp_path):
    """A user's config changes the centers in three lines."""
    base = ROOT / 'configs' / 'dualcenter' / 'coco' / 'dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py'
    mine = tmp_path / 'mine.py'
    mine.write_text(
        f'_base_ = [{json.dumps(str(base))}]\n'
        "centers = [dict(name='box', rule='bbox')]\n"
        'model = dict(head=dict(decoder=dict(centers=centers)))\n'
    )
    assert Config.fromfile(mine).model.head.decoder.centers == [dict(name='box', rule='bbox')]


@pytest.mark.parametrize('path', [p for p in CONFIG_FILES if 'lazy' not in p.parts], ids=lambda p: p.stem)
def test_one_list_of_centers(path):
    """The options of the method stand in the head's codec alone: nothing else in a resolved config could differ."""
    config = Config.fromfile(path)
    parts = [config[name] for name in ('model', 'train_dataloader', 'val_dataloader', 'test_dataloader')]
    codecs = [node for part in parts for node in walk(part) if type_name(node) == 'DualCenterPoseGrouping']
    options = [sorted(set(codec) - {'type', 'input_size', 'heatmap_size', 'metainfo'}) for codec in codecs]
    assert sum('centers' in names for names in options) == bool(codecs)
    assert sum(map(bool, options)) == bool(codecs), options
    assert not codecs or 'codec' not in config
