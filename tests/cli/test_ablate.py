"""The ablation: seeds and configs in turn, tables after every run, failures, and the real thing in small."""

from __future__ import annotations

import json
import os

import pytest
from mmengine.config import Config

from dualcenter import main
from dualcenter_mmpose.cli import ablate as tool
from dualcenter_mmpose.experiments.ablation.runs import RunError
from tests.configs.reduce import ROOT, load_reduced
from tests.helpers import squeeze
from tests.reference.coco_files import coco_content, person, write_coco

SYNTHETIC = ROOT / 'configs' / 'dualcenter' / 'synthetic'
STAGE2 = SYNTHETIC / 'dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'


@pytest.fixture
def run_main(tmp_path, monkeypatch):
    """The command with trainings that take no time: AP is 10 for a, 11 and 13 for b; a's last seed fails."""

    def do_run(name, unit, work_dir, workers, jobs=1):
        calls.append(name)
        if name == 'a-seed2':
            raise RunError('out of luck')
        ap = {'a': 10.0, 'b': 11.0 + 2 * unit.config.randomness.seed}[name[0]]
        boxes = {key: dict.fromkeys(('All', 'S', 'M', 'L'), ap) for key in ('BBP', 'BBR')}
        scores = dict(keypoints={'AP': ap}, boxes=dict(tool=boxes, bbox=boxes))
        return dict(checkpoint='c.pth', stages=[dict(seconds=60.0, steps=5)], scores=scores, costs={})

    calls = []
    monkeypatch.setattr(tool, 'do_run', do_run)
    for name in 'ab':
        (tmp_path / f'{name}.py').write_text('train_cfg = dict(max_epochs=4)\nparam_scheduler = []\n')

    def run_main(*words):
        configs = [str(tmp_path / f'{name}.py') for name in 'ab']
        return main(['ablate', *configs, '--work-dir', str(tmp_path / 'work'), *words])

    run_main.calls, run_main.work = calls, tmp_path / 'work'
    return run_main


def test_tables(run_main, capsys):
    """Means, spreads, differences by pairs; a failed run is named and left out."""
    assert run_main('--seeds', '0', '1', '2') == 1
    assert run_main.calls == [f'{name}-seed{seed}' for seed in range(3) for name in 'ab']
    text = squeeze((run_main.work / 'ablation.md').read_text())
    assert '| a | 2 | 10.00 ± 0.00 |' in text
    assert '| b | 3 | 13.00 ± 2.00 |' in text  # 11, 13, 15
    assert '| b | 2 | +2.00 ± 1.41 |' in text  # 1 and 3 above a
    assert 'a, seed 2, failed: out of luck' in text
    assert '- b, seed 1: 5 steps in 1.0 min' in text
    content = json.loads((run_main.work / 'ablation.json').read_text())
    assert content['statistics']['tool']['numbers']['b']['BBR S']['mean'] == 13
    assert len(content['runs']) == 6
    assert '== a, seed 2: out of luck' in capsys.readouterr().out


def test_side_by_side(run_main):
    """Two at a time give the same tables."""
    assert run_main('--seeds', '0', '1', '2', '--jobs', '2') == 1
    assert sorted(run_main.calls) == sorted(f'{name}-seed{seed}' for seed in range(3) for name in 'ab')
    text = squeeze((run_main.work / 'ablation.md').read_text())
    assert '| b | 2 | +2.00 ± 1.41 |' in text
    assert 'a, seed 2, failed: out of luck' in text


def test_equal_steps(run_main, monkeypatch):
    """Both configs train for the total."""
    units = []
    do_run = tool.do_run
    monkeypatch.setattr(tool, 'do_run', lambda name, unit, *rest: units.append(unit) or do_run(name, unit, *rest))
    run_main('--total-steps', '7', '--seeds', '0')
    assert [unit.config.custom_hooks[-1].steps for unit in units] == [7, 7]


def test_backbone(run_main, tmp_path):
    """The configs start from it, and the record of the options says so."""
    (tmp_path / 'w.pth').touch()
    for name in 'ab':
        with open(tmp_path / f'{name}.py', 'a') as file:
            file.write('model = dict(backbone=dict())\n')
    assert run_main('--seeds', '0', '--backbone', str(tmp_path / 'w.pth')) == 0
    options = json.loads((run_main.work / 'ablation.json').read_text())['options']
    assert options['backbone'] == str(tmp_path / 'w.pth')


def test_stopped(run_main, monkeypatch, capsys):
    """Ctrl-C leaves the table of what is done."""

    def stop(name, *rest):
        if name == 'b-seed0':
            raise KeyboardInterrupt
        return do_run(name, *rest)

    do_run = tool.do_run
    monkeypatch.setattr(tool, 'do_run', stop)
    assert run_main() == 130
    assert 'dualcenter ablate: interrupted: run the same command again' in capsys.readouterr().err
    assert '| a | 1 | 10.00 |' in squeeze((run_main.work / 'ablation.md').read_text())


class TestRefusals:
    """Nothing is trained."""

    @pytest.mark.parametrize(
        ('words', 'message'),
        [
            (['--minutes', '1', '2'], 'has 1 stages'),
            (['--amp'], "--amp needs 'optim_wrapper.optimizer'"),
            (['--small'], 'a reduced config needs'),
            (['--epochs', '0'], 'at least 1 epoch'),
            (['--data', 'nowhere'], "--data: 'nowhere' lacks annotations/person_keypoints_train.json"),
            (['--light'], 'a reduced config needs'),
            (['--backbone', __file__], "--backbone needs 'model.backbone'"),
            (['--seeds', '1', '1'], '--seeds must differ'),
            (['--jobs', '0'], '--jobs must be at least 1'),
            (['--backbone', 'no.pth'], "'no.pth' does not exist"),
            (['--total-steps', '9', '--steps', '3'], 'leave --steps and --epochs out'),
            (['--total-steps', '9', '--epochs', '3'], 'leave --steps and --epochs out'),
            (['--shares', '1', '1'], 'give both'),
        ],
    )
    def test_words(self, words, message, run_main, capsys):
        assert run_main(*words) == 2
        printed = capsys.readouterr().err
        assert printed.startswith('dualcenter ablate: error: ')
        assert message in printed
        assert printed.count('\n') == 1
        assert not run_main.calls


@pytest.mark.slow
def test_two_stages(tmp_path, monkeypatch):
    """Both stages end after two of three steps, the last weights are tested, and a second call does nothing new."""
    people = [person(i, i, (20, 20, 60, 90)) for i in range(1, 7)]
    ann_file = write_coco(tmp_path, coco_content(*people, num_images=6), with_images=True)
    for name, source in (
        ('one', SYNTHETIC / os.path.basename(Config.fromfile(STAGE2).previous_stage)),
        ('two', STAGE2),
    ):
        config = load_reduced(source, ann_file, str(tmp_path))
        config.previous_stage = str(tmp_path / 'one.py') if name == 'two' else None
        config.dump(tmp_path / f'{name}.py')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    work = tmp_path / 'work'
    words = [str(tmp_path / 'two.py'), '--work-dir', str(work), '--seeds', '5', '--steps', '2', '--workers', '0']
    for _ in range(2):
        assert main(['ablate', *words]) == 0, (work / 'ablation.md').read_text()
    (run,) = json.loads((work / 'ablation.json').read_text())['runs']
    assert [stage['steps'] for stage in run['stages']] == [2, 2]
    assert set(run['scores']['boxes']) == {'tool', 'bbox'}
    logs = [path.read_text() for path in sorted((work / 'units').glob('*/log.txt'))]
    assert [log.count('== stage 1') for log in logs] == [1, 1]
    assert 'last_of_budget.pth' in logs[1]
