"""The command that trains all stages: its options, what it refuses, and the real thing, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from dualcenter import main
from dualcenter_mmpose.cli import train_stages as tool
from dualcenter_mmpose.cli.command import build_parser
from dualcenter_mmpose.experiments.stages.options import StageOptions
from tests.configs.reduce import ROOT, load_reduced
from tests.reference.coco_files import coco_content, person, write_coco

SYNTHETIC = ROOT / 'configs' / 'dualcenter' / 'synthetic'
STAGE2 = SYNTHETIC / 'dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'


def options(*argv):
    arguments = build_parser('dualcenter', tool).parse_args([*map(str, argv), '--work-dir', 'unused'])
    return tool.stage_options(arguments)


class TestStageOptions:
    """Options of the command line -> changes to configs."""

    def test_all(self):
        """Each has its place."""
        given = options('a.py', '--small', '--data', 'd', '--amp', '--auto-scale-lr', '--cfg-options', 'a.b=1')
        assert given == StageOptions(small=True, data='d', amp=True, auto_scale_lr=True, cfg_options={'a.b': 1})

    @pytest.mark.parametrize(('environment', 'launcher'), [({}, 'none'), ({'TORCHELASTIC_RUN_ID': '1'}, 'pytorch')])
    def test_launcher(self, environment, launcher, monkeypatch):
        """torchrun is seen; slurm must be named, because one process of a slurm job is possible, too."""
        monkeypatch.delenv('TORCHELASTIC_RUN_ID', raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert options('a.py').launcher == launcher
        assert options('a.py', '--launcher', 'slurm').launcher == 'slurm'


class TestMain:
    """One message and status 2 for what the user can mend; a traceback for what the training does."""

    @pytest.fixture
    def run_main(self, monkeypatch, tmp_path):
        """The command in this process, and what trains in it."""

        def run_main(*words, train=None):
            monkeypatch.setattr('dualcenter_mmpose.experiments.stages.run.train_stage', train)
            return main(['train-stages', *map(str, words), '--work-dir', str(tmp_path / 'work')])

        return run_main

    @staticmethod
    def leave_checkpoint(stage, where, start):
        where.mkdir(parents=True)
        (where / 'epoch_1.pth').touch()
        (where / 'last_checkpoint').write_text(str(where / 'epoch_1.pth'))

    def test_all_done(self, run_main, tmp_path, capsys):
        """At the end stands the command that tests the last checkpoint."""
        assert run_main(STAGE2, train=self.leave_checkpoint) == 0
        stage2 = tmp_path / 'work' / 'stage2'
        expected = f'mim test dualcenter_mmpose {stage2 / STAGE2.name} --checkpoint {stage2 / "epoch_1.pth"}'
        assert capsys.readouterr().out.splitlines()[-1] == expected

    @pytest.mark.parametrize(
        ('words', 'message'),
        [
            (['no.py'], "config 'no.py', named by the command line, does not exist"),
            ([STAGE2, '--stages', '3'], '--stages [3]: the stages are'),
            ([STAGE2, '--stages', '2'], 'give its checkpoint by --load-from'),
            ([STAGE2, '--load-from', 'no.pth'], "checkpoint 'no.pth' does not exist"),
            ([STAGE2, '--launcher', 'slurm'], "launcher 'slurm'"),
            (
                [ROOT / 'configs' / 'dekr' / 'synthetic' / 'dekr_hrnet-w16s_1xb8-6e_synthetic-256x256.py', '--small'],
                'DEKR',
            ),
        ],
        ids=['config', 'stage', 'nothing-before', 'checkpoint', 'launcher', 'no-twin'],
    )
    def test_refusals(self, words, message, run_main, tmp_path, capsys, monkeypatch):
        """Nothing is trained and nothing is written."""
        monkeypatch.setattr('dualcenter_mmpose.experiments.stages.run.get_device', lambda: 'cpu')
        assert run_main(*words, train=self.leave_checkpoint) == 2
        printed = capsys.readouterr().err
        assert printed.startswith('dualcenter train-stages: error: ')
        assert message in printed
        assert printed.count('\n') == 1
        assert not (tmp_path / 'work').exists()

    def test_once_for_all_processes(self, run_main, capsys, monkeypatch):
        """Of eight processes that are refused, one says so."""
        monkeypatch.setenv('RANK', '3')
        assert run_main('no.py') == 2
        assert capsys.readouterr().err == ''

    def test_error_in_training(self, run_main):
        """A mistake inside a training is not the command line's, even if it is a value."""

        def fail(*_):
            raise ValueError('inside')

        with pytest.raises(ValueError, match='inside'):
            run_main(STAGE2, train=fail)

    def test_stopped(self, run_main, capsys):
        """Ctrl-C says how to go on."""

        def stop(*_):
            raise KeyboardInterrupt

        assert run_main(STAGE2, train=stop) == 130
        assert 'interrupted: run the same command again to go on' in capsys.readouterr().err


KILLER = """
import os, signal
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Killer(Hook):
    # Ends the process as kill -9 does, before the second step of the second epoch of a stage.
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if f'{runner.experiment_name[:6]} {runner.epoch} {batch_idx}' == os.environ.get('KILL_IN', '') + ' 1 1':
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
class TestRealTraining:
    """Two stages of two epochs of two steps, on a tiny data set at 64 px."""

    @pytest.fixture
    def config(self, tmp_path):
        """The config of stage 2 on disk, beside that of stage 1."""
        (tmp_path / 'killer.py').write_text(KILLER)
        people = [person(i, i, (20, 20, 60, 90)) for i in range(1, 5)]
        ann_file = write_coco(tmp_path, coco_content(*people, num_images=4), with_images=True)
        stage1 = SYNTHETIC / Config.fromfile(STAGE2).previous_stage
        for name, source in (('stage1', stage1), ('stage2', STAGE2)):
            config = load_reduced(source, ann_file, str(tmp_path))
            config.train_cfg.update(max_epochs=2, val_interval=2)
            config.custom_imports.imports.append('killer')
            config.custom_hooks = [*config.get('custom_hooks', []), dict(type='Killer')]
            config.previous_stage = 'stage1.py' if name == 'stage2' else None
            config.dump(tmp_path / f'{name}.py')
        return tmp_path / 'stage2.py'

    def run(self, config, *words, launcher=(), kill_in=''):
        """Run the command on a config."""
        folder = config.parent
        path = os.pathsep.join([str(ROOT), str(folder)])
        environment = {**os.environ, 'PYTHONPATH': path, 'KILL_IN': kill_in, 'CUDA_VISIBLE_DEVICES': ''}
        command = [sys.executable, '-W', 'ignore', *launcher, str(ROOT / 'dualcenter.py'), 'train-stages', str(config)]
        return subprocess.run(
            [*command, '--work-dir', str(folder / 'work'), *words],
            capture_output=True, text=True, env=environment, cwd=folder, check=False,
        )  # fmt: skip

    def check_weights(self, work):
        """The dense part of stage 2 is that of stage 1 to the last bit, and the networks have moved."""
        dense, whole = (torch.load(work / f'stage{n}' / 'epoch_2.pth', weights_only=True)['state_dict'] for n in (1, 2))
        kept = [key for key in whole if not key.startswith('head.pose_nets.')]
        assert kept == [key for key in dense if not key.startswith('auxiliary_heads.')]
        assert any('running_var' in key for key in kept)
        assert all(torch.equal(whole[key], dense[key]) for key in kept)
        first = torch.load(work / 'stage2' / 'epoch_1.pth', weights_only=True)['state_dict']
        assert any(not torch.equal(whole[key], first[key]) for key in whole if key not in kept)

    def test_killed(self, config):
        """Killed in stage 1, killed in stage 2, and finished by the same command."""
        work = config.parent / 'work'
        done = self.run(config, kill_in='stage1')
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
        assert sorted(path.name for path in work.glob('stage*/*.pth')) == ['epoch_1.pth']
        done = self.run(config, kill_in='stage2')
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
        assert 'stage 1, stage1.py, goes on from' in done.stdout
        assert 'resumed epoch: 1' in done.stdout + done.stderr
        assert f'stage 2, stage2.py, starts from {work / "stage1" / "epoch_2.pth"}' in done.stdout
        before = (work / 'stage1' / 'epoch_2.pth').stat().st_mtime_ns
        done = self.run(config)
        assert done.returncode == 0, done.stderr[-2000:]
        assert 'stage 1, stage1.py, is done' in done.stdout
        assert f'stage 2, stage2.py, goes on from {work / "stage2" / "epoch_1.pth"}' in done.stdout
        assert (work / 'stage1' / 'epoch_2.pth').stat().st_mtime_ns == before
        self.check_weights(work)

    def test_torchrun(self, config):
        """Two processes on a CPU train both stages together."""
        torchrun = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2')
        done = self.run(config, '--cfg-options', 'env_cfg.dist_cfg.backend=gloo', launcher=torchrun)
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout.count('== all done') == 1
        self.check_weights(config.parent / 'work')
