"""The measures of two trainings, by hand, and the command at the smallest size."""

from __future__ import annotations

import json
import math

import pytest
from mmengine.config import Config

from dualcenter_mmpose.cli import check_fast_training as tool
from tests.configs.reduce import ROOT, load_reduced
from tests.engine.tiny_training import TwoConvolutions
from tests.reference.coco_files import coco_content, person, write_coco

CONFIG = ROOT / 'configs/dualcenter/synthetic/dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'


def run(losses, speed=1.0):
    return tool.Run(losses=losses, images_per_second=speed, memory=0.0, seconds=0.0, graphs=0)


class TestSmooth:
    """Means of windows."""

    def test_by_hand(self):
        """(1 + 3) / 2 and (3 + 8) / 2."""
        assert tool.smooth([1.0, 3.0, 8.0], 2) == [2.0, 5.5]

    def test_window_of_one(self):
        """Changes nothing."""
        assert tool.smooth([1.0, 3.0], 1) == [1.0, 3.0]


class TestCompare:
    """The fast run against the usual one, in units of what a seed does."""

    def test_by_hand(self):
        """Differences of 1/4 and 1/2, mean 0.375; of the other seed 1/4 and 1: 0.625; at the end 3 / 2 - 1."""
        runs = {'fp32': run([4.0, 2.0], 10), 'fast': run([3.0, 3.0], 25), 'other seed': run([5.0, 4.0])}
        measures = tool.compare(runs, window=1)
        assert measures['difference'] == pytest.approx(0.375)
        assert measures['noise'] == pytest.approx(0.625)
        assert measures['difference over noise'] == pytest.approx(0.6)
        assert measures['difference at the end, signed'] == pytest.approx(0.5)
        assert measures['speed-up'] == pytest.approx(2.5)

    @pytest.mark.parametrize(('fast', 'expected'), [([1.0], 0.0), ([2.0], math.inf)])
    def test_no_noise(self, fast, expected):
        """Without noise only equality lies within it."""
        runs = {'fp32': run([1.0]), 'fast': run(fast), 'other seed': run([1.0])}
        assert tool.compare(runs, window=1)['difference over noise'] == expected


@pytest.fixture
def config_file(tmp_path):
    """A config of 64 px with a backbone of two convolutions, on three images."""
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 2, (40, 10, 80, 120))]
    config = load_reduced(CONFIG, write_coco(tmp_path, coco_content(*people), with_images=True), str(tmp_path))
    config.model.backbone = dict(type=f'{TwoConvolutions.__module__}.{TwoConvolutions.__name__}')
    config.model.head.update(in_channels=(8,), num_heatmap_filters=4)
    config.optim_wrapper = dict(type='AmpOptimWrapper', dtype='float16', optimizer=dict(type='Adam', lr=1e-3))
    path = tmp_path / 'config.py'
    config.dump(path)
    return path


def run_tool(monkeypatch, *words):
    monkeypatch.setattr('sys.argv', ['check_fast_training.py', *map(str, words)])
    return tool.main()


class TestCommand:
    """From a config to curves."""

    def test_three_runs(self, config_file, tmp_path, monkeypatch, capsys):
        """Every run starts alike but for the other seed; the fast one has graphs and differs by bfloat16."""
        out = tmp_path / 'out.json'
        words = ['--steps', 6, '--batches', 2, '--backend', 'eager', '--device', 'cpu', '--own-data', '--out', out]
        status = run_tool(monkeypatch, config_file, *words)
        results = json.loads(out.read_text())
        runs, measures = results['runs'], results['measures']
        assert status == (measures['difference over noise'] > 1)
        assert [len(found['losses']) for found in runs.values()] == [6, 6, 6]
        start = {name: found['losses'][0] for name, found in runs.items()}
        assert start['fast'] == pytest.approx(start['fp32'], rel=0.02)
        assert start['fast'] != start['fp32']
        assert start['other seed'] != start['fp32']
        assert runs['fp32']['graphs'] == runs['other seed']['graphs'] == 0
        assert runs['fast']['graphs'] >= 1
        assert all(found['images_per_second'] > 0 for found in runs.values())
        assert 'difference over noise' in capsys.readouterr().out

    def test_same_seed(self, config_file, monkeypatch):
        """What is compared differs in nothing else: two usual runs of one seed are equal."""
        config = Config.fromfile(config_file)
        tool.init_default_scope('mmpose')
        batches = tool.load_batches(config, 2, None, 0)
        first, second = (tool.train(config, batches, 4, 0, 'cpu', None) for _ in range(2))
        assert first.losses == second.losses

    @pytest.mark.slow
    def test_drawn_people(self, config_file, tmp_path, monkeypatch):
        """Without data of its own the config trains on people that are drawn for it."""
        words = ['--steps', 4, '--batches', 1, '--images', 3, '--backend', 'eager', '--device', 'cpu']
        assert run_tool(monkeypatch, config_file, *words) in (0, 1)

    def test_missing_config(self, tmp_path, monkeypatch, capsys):
        """The missing file is named."""
        assert run_tool(monkeypatch, tmp_path / 'none.py', '--device', 'cpu') == 2
        assert 'none.py' in capsys.readouterr().err

    def test_too_few_steps(self, config_file, monkeypatch):
        """Halves need two steps each."""
        with pytest.raises(SystemExit):
            run_tool(monkeypatch, config_file, '--steps', 3, '--device', 'cpu')
