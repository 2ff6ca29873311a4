"""Trainings that are compared differ in what is said of them and in nothing else."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.profiling import fast_training
from tests.configs.reduce import ROOT, load_reduced
from tests.engine.tiny_training import TwoConvolutions
from tests.reference.coco_files import coco_content, person, write_coco

CONFIG = ROOT / 'configs/dualcenter/synthetic/dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'


def write_config(folder):
    """Write a config of 64 px with a backbone of two convolutions, on three images, and return its path."""
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 2, (40, 10, 80, 120))]
    config = load_reduced(CONFIG, write_coco(folder, coco_content(*people), with_images=True), str(folder))
    config.model.backbone = dict(type=f'{TwoConvolutions.__module__}.{TwoConvolutions.__name__}')
    config.model.head.update(in_channels=(8,), num_heatmap_filters=4)
    config.optim_wrapper = dict(type='AmpOptimWrapper', dtype='float16', optimizer=dict(type='Adam', lr=1e-3))
    config.dump(folder / 'config.py')
    return folder / 'config.py'


@pytest.fixture
def config(tmp_path):
    return fast_training.prepare_config(Config.fromfile(write_config(tmp_path)))


def test_same_seed(config):
    """Two usual runs of one seed are equal."""
    batches = fast_training.load_batches(config, 2, None, 0)
    first, second = (fast_training.train(config, batches, 4, 0, 'cpu', None) for _ in range(2))
    assert first.losses == second.losses


def test_three_runs(config):
    """Every run starts alike but for the other seed; the fast one has graphs and differs by bfloat16."""
    batches = fast_training.load_batches(config, 2, None, 0)
    runs = dict(fast_training.train_all(config, batches, 6, 0, 'cpu', dict(backend='eager')))
    assert [len(run.losses) for run in runs.values()] == [6, 6, 6]
    start = {name: run.losses[0] for name, run in runs.items()}
    assert start['fast'] == pytest.approx(start['fp32'], rel=0.02)
    assert start['fast'] != start['fp32']
    assert start['other seed'] != start['fp32']
    assert runs['fp32'].graphs == runs['other seed'].graphs == 0
    assert runs['fast'].graphs >= 1
    assert all(run.images_per_second > 0 for run in runs.values())


def test_prepare_config(config):
    """Weights of the backbone are left out unless they are asked for; the batch has the size that is asked for."""
    config.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='far')
    assert fast_training.prepare_config(config, 5, pretrained=True).model.backbone.init_cfg is not None
    assert config.train_dataloader.batch_size == 5
    assert fast_training.prepare_config(config).model.backbone.init_cfg is None


def test_keypoints(config, tmp_path):
    """Synthetic people have COCO's."""
    config.model.head.num_keypoints = 14
    with pytest.raises(ValueError, match='have 17 keypoints, model.head.num_keypoints is 14: use --own-data'):
        fast_training.load_batches(config, 1, tmp_path / 'drawn', 3)


@pytest.mark.slow
def test_synthetic_people(config, tmp_path):
    """In place of the config's own images."""
    (batch,) = fast_training.load_batches(config, 1, tmp_path / 'drawn', 3)
    assert len(batch['inputs']) == config.train_dataloader.batch_size
    assert (tmp_path / 'drawn' / 'annotations').is_dir()
