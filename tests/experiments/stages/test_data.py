"""Other data for a config."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.stages.data import with_data
from tests.configs.reduce import ROOT

CONFIG = ROOT / 'configs' / 'higherhrnet' / 'synthetic' / 'higherhrnet_hrnet-w16s_1xb8-6e_synthetic-256x256.py'


@pytest.fixture
def folder(tmp_path):
    """A data set by its names."""
    (tmp_path / 'images').mkdir()
    (tmp_path / 'annotations').mkdir()
    for name in ('train', 'val'):
        (tmp_path / 'annotations' / f'person_keypoints_{name}.json').touch()
    return tmp_path


class TestWithData:
    """Loaders and metrics read the folder, and nothing else changes."""

    def test_everywhere(self, folder):
        """Both halves; the argument stays as it is."""
        config = Config.fromfile(CONFIG)
        changed = with_data(config, str(folder))
        assert config.to_dict() == Config.fromfile(CONFIG).to_dict()
        root, val = str(folder), 'annotations/person_keypoints_val.json'
        files = [changed[f'{name}_dataloader'].dataset.ann_file for name in ('train', 'val', 'test')]
        assert files == ['annotations/person_keypoints_train.json', val, val]
        for name in ('train', 'val', 'test'):
            dataset = changed[f'{name}_dataloader'].dataset
            assert (dataset.data_root, dataset.data_prefix) == (root, dict(img='images/'))
            assert dataset.pipeline == config[f'{name}_dataloader'].dataset.pipeline
        for name in ('val', 'test'):
            assert [metric.ann_file for metric in changed[f'{name}_evaluator']] == [f'{root}/{val}'] * 2
        assert changed.model == config.model

    def test_incomplete_folder(self, folder):
        """All that is missing is named."""
        (folder / 'images').rmdir()
        (folder / 'annotations' / 'person_keypoints_val.json').unlink()
        with pytest.raises(FileNotFoundError, match=r'lacks annotations/person_keypoints_val\.json, images$'):
            with_data(Config.fromfile(CONFIG), str(folder))

    def test_no_data_set(self, folder):
        """A config whose loader wraps several data sets is refused."""
        config = Config.fromfile(CONFIG)
        config.train_dataloader.dataset = dict(type='CombinedDataset', datasets=[])
        with pytest.raises(ValueError, match='has no train_dataloader with one data set'):
            with_data(config, str(folder))
