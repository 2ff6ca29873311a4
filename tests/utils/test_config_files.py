"""Configs are read, or refused with their name."""

import pytest

from dualcenter_mmpose.utils.config_files import read_config
from tests.configs.reduce import ROOT

CONFIG = ROOT / 'configs' / 'dualcenter' / 'synthetic' / 'dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'


def test_file():
    """With the settings changed."""
    config = read_config(CONFIG, {'train_cfg.max_epochs': 2})
    assert config.train_cfg.max_epochs == 2
    assert config.filename == str(CONFIG)


def test_of_a_package():
    """One of MMPose's own."""
    config = read_config('mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w32_8xb10-140e_coco-512x512.py')
    assert config.model.head.type == 'DEKRHead'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (None, r"config '.*a\.py' does not exist"),
        ('model = dict(', r"config '.*a\.py' cannot be read: SyntaxError"),
        ("_base_ = 'none.py'", r"config '.*a\.py' cannot be read: .*none\.py"),
        ('x = 1 / 0', r"config '.*a\.py' cannot be read: ZeroDivisionError"),
    ],
)
def test_refused(text, message, tmp_path):
    """Whatever goes wrong in it."""
    path = tmp_path / 'a.py'
    if text is not None:
        path.write_text(text)
    with pytest.raises((OSError, ValueError), match=message):
        read_config(path)


def test_unknown_package_config():
    """A name that the package does not have."""
    with pytest.raises(ValueError, match=r"'mmpose::nothing\.py' cannot be read"):
        read_config('mmpose::nothing.py')


def test_bad_option():
    """A key that leads into a number."""
    with pytest.raises(ValueError, match='--cfg-options: '):
        read_config(CONFIG, {'train_dataloader.dataset.pipeline.99.type': 'A'})
