"""The checkpoint in the repository still loads and still reaches its stated AP."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from tests.configs.reduce import ROOT

CHECKPOINT = ROOT / 'checkpoints' / 'dualcenter_hrnet-w16s_synthetic-256x256.pth'
STATED = json.loads(CHECKPOINT.with_suffix('.json').read_text())
CONFIG = ROOT / 'configs' / 'dualcenter' / 'synthetic' / STATED['config']


def test_size():
    """It is small enough for a repository."""
    assert CHECKPOINT.stat().st_size <= 5e6


@pytest.mark.slow
def test_reaches_its_stated_ap(tmp_path, monkeypatch):
    """On freshly made pictures of the stated seed, AP, BBP and BBR are within 2 points of what is stated."""
    data = tmp_path / 'people'
    count, seed = STATED['test_images'], STATED['test_seed']
    command = [sys.executable, str(ROOT / 'dualcenter.py'), 'synthesize', str(data)]
    command += ['--images', str(count), '--val-images', str(count), '--seed', str(seed)]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv('DUALCENTER_SYNTHETIC', str(data))
    config = Config.fromfile(CONFIG)
    config.work_dir = str(tmp_path / 'work')
    config.load_from = str(CHECKPOINT)
    metrics = Runner.from_cfg(config).test()
    for name, stated in STATED['percent'].items():
        assert 100 * metrics[name] == pytest.approx(stated, abs=2), name
