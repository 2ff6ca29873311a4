"""One stage after the other: order, going on, skipping, refusing, and several processes that agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dualcenter_mmpose.experiments.stages import run
from dualcenter_mmpose.experiments.stages.chain import Stage, StageError
from dualcenter_mmpose.experiments.stages.record import read_records, stage_folder
from dualcenter_mmpose.experiments.stages.run import on_main_process, run_stages, start_processes


def make_stages(count, **config):
    return [Stage(n, Path(f'{n}.py'), dict(model=dict(type='A'), **config)) for n in range(1, count + 1)]


class FakeTraining:
    """Train two epochs, each of which leaves a checkpoint; stop like a killed process after one epoch of a stage."""

    def __init__(self, stop_in=None, epochs=2):
        self.stop_in, self.epochs = stop_in, epochs
        self.calls = []

    def __call__(self, stage, where, start):
        self.calls.append((stage.number, start.resume, start.load_from and '/'.join(Path(start.load_from).parts[-2:])))
        first = int(Path(start.load_from).stem[-1]) if start.resume else 0
        for epoch in range(first + 1, self.epochs + 1):
            where.mkdir(parents=True, exist_ok=True)
            (where / f'epoch_{epoch}.pth').touch()
            (where / 'last_checkpoint').write_text(str(where / f'epoch_{epoch}.pth'))
            if stage.number == self.stop_in:
                raise KeyboardInterrupt


class TestRunStages:
    """The same call again and again leads to the end, and no stage is trained twice."""

    def test_order(self, tmp_path, capsys):
        """Each stage starts from the last checkpoint of the one before, and the last checkpoint is returned."""
        training = FakeTraining()
        assert run_stages(make_stages(3), tmp_path, train=training) == str(tmp_path / 'stage3' / 'epoch_2.pth')
        assert training.calls == [(1, False, None), (2, False, 'stage1/epoch_2.pth'), (3, False, 'stage2/epoch_2.pth')]
        assert 'stage 1, 1.py, starts from its initialization' in capsys.readouterr().out

    def test_done(self, tmp_path, capsys):
        """Once more: nothing is trained, and the last checkpoint is returned again."""
        last = run_stages(make_stages(2), tmp_path, train=FakeTraining())
        again = FakeTraining()
        assert run_stages(make_stages(2), tmp_path, train=again) == last
        assert again.calls == []
        assert 'stage 2, 2.py, is done' in capsys.readouterr().out

    @pytest.mark.parametrize('stop_in', [1, 2])
    def test_interrupted(self, stop_in, tmp_path):
        """What was done is skipped, what was begun goes on, what follows starts."""
        with pytest.raises(KeyboardInterrupt):
            run_stages(make_stages(2), tmp_path, train=FakeTraining(stop_in))
        again = FakeTraining()
        run_stages(make_stages(2), tmp_path, train=again)
        following = [(2, False, 'stage1/epoch_2.pth')] if stop_in == 1 else []
        assert again.calls == [(stop_in, True, f'stage{stop_in}/epoch_1.pth'), *following]

    def test_interrupted_after_the_last_epoch(self, tmp_path):
        """Stopped between the last checkpoint and the note that the stage is done: it is done at once."""
        with pytest.raises(KeyboardInterrupt):
            run_stages(make_stages(1), tmp_path, train=FakeTraining(stop_in=1, epochs=1))
        again = FakeTraining(epochs=1)
        run_stages(make_stages(1), tmp_path, train=again)
        assert again.calls == [(1, True, 'stage1/epoch_1.pth')]
        assert read_records(tmp_path)['1']['status'] == 'done'

    def test_one_by_one(self, tmp_path):
        """Stages in separate calls are the same training."""
        stages, training = make_stages(2), FakeTraining()
        run_stages(stages[:1], tmp_path, train=training)
        run_stages(stages[1:], tmp_path, train=training)
        assert training.calls == [(1, False, None), (2, False, 'stage1/epoch_2.pth')]

    def test_moved(self, tmp_path):
        """Between two stages, the folder was moved."""
        stages, training = make_stages(2), FakeTraining()
        run_stages(stages[:1], tmp_path / 'old', train=training)
        (tmp_path / 'old').rename(tmp_path / 'new')
        run_stages(stages[1:], tmp_path / 'new', train=training)
        assert training.calls[-1] == (2, False, 'stage1/epoch_2.pth')

    def test_changed(self, tmp_path):
        """A stage that is done with another config is refused, and nothing is trained or noted."""
        run_stages(make_stages(1), tmp_path, train=FakeTraining())
        before, again = read_records(tmp_path), FakeTraining()
        with pytest.raises(StageError, match=r'stage 1 was done with another config \(optim_wrapper\)'):
            run_stages(make_stages(2, optim_wrapper=dict(lr=1)), tmp_path, train=again)
        assert again.calls == []
        assert read_records(tmp_path) == before

    def test_nothing_before(self, tmp_path):
        """Stage 2 alone is refused before any folder is made."""
        with pytest.raises(StageError, match='builds on an earlier training'):
            run_stages(make_stages(2)[1:], tmp_path / 'new', train=FakeTraining())
        assert not (tmp_path / 'new').exists()

    def test_load_from(self, tmp_path):
        """The named checkpoint is for the first of the stages alone, also when they go on."""
        weights = tmp_path / 'weights.pth'
        weights.touch()
        with pytest.raises(KeyboardInterrupt):
            run_stages(make_stages(3)[1:], tmp_path, str(weights), FakeTraining(stop_in=3))
        again = FakeTraining()
        run_stages(make_stages(3)[1:], tmp_path, str(weights), again)
        assert again.calls == [(3, True, 'stage3/epoch_1.pth')]
        assert [read_records(tmp_path)[number]['after'] for number in '23'] == [
            str(weights),
            read_records(tmp_path)['2']['run'],
        ]

    def test_no_checkpoint(self, tmp_path):
        """A training that left nothing is not done."""
        with pytest.raises(StageError, match='stage 1 left no checkpoint'):
            run_stages(make_stages(2), tmp_path, train=lambda *_: None)
        assert read_records(tmp_path)['1']['status'] == 'begun'


class TestOnMainProcess:
    """One process decides for all."""

    def test_alone(self):
        """Without others, an ordinary call; other errors keep their traceback."""
        assert on_main_process(lambda a, b: a + b, 1, 2) == 3
        with pytest.raises(ZeroDivisionError):
            on_main_process(lambda: 1 / 0)

    def test_files(self, tmp_path):
        """A folder that cannot be made is the user's to mend."""
        (tmp_path / 'file').touch()
        with pytest.raises(StageError, match='file'):
            run_stages(make_stages(1), tmp_path / 'file', train=FakeTraining())

    @pytest.mark.parametrize('error', [None, 'no such checkpoint'])
    def test_others(self, error, monkeypatch):
        """Another process does not call the function; it gets the main one's answer, or its error."""

        def receive(answer):
            answer[:] = [None if error else 'decided', error]

        monkeypatch.setattr(run, 'is_main_process', lambda: False)
        monkeypatch.setattr(run, 'broadcast_object_list', receive)
        if error is None:
            assert on_main_process(lambda: 1 / 0) == 'decided'
        else:
            with pytest.raises(StageError, match=error):
                on_main_process(lambda: 1 / 0)

    def test_error_reaches_the_others(self, monkeypatch):
        """The main process tells the others what went wrong before it raises it."""
        sent = []
        monkeypatch.setattr(run, 'broadcast_object_list', sent.extend)

        def fail():
            raise StageError('wrong')

        with pytest.raises(StageError, match='wrong'):
            on_main_process(fail)
        assert sent == [None, 'wrong']

    def test_every_process_trains(self, tmp_path, monkeypatch):
        """Every process trains every stage, from the checkpoint that the main process chose."""
        answers = []
        monkeypatch.setattr(run, 'broadcast_object_list', lambda answer: answers.append(list(answer)))
        main = FakeTraining()
        run_stages(make_stages(2), tmp_path, train=main)
        monkeypatch.setattr(run, 'is_main_process', lambda: False)
        monkeypatch.setattr(
            run, 'broadcast_object_list', lambda answer: answer.__setitem__(slice(None), answers.pop(0))
        )
        other = FakeTraining()
        assert run_stages(make_stages(2), tmp_path / 'unused', train=other) == str(tmp_path / 'stage2' / 'epoch_2.pth')
        assert other.calls == main.calls
        assert not stage_folder(tmp_path / 'unused', 1).joinpath('stages.json').exists()


class TestStartProcesses:
    """Which launchers work where."""

    @pytest.fixture
    def joined(self, monkeypatch):
        """How processes would join."""
        joined = []
        monkeypatch.setattr(run, 'set_multi_processing', lambda **_: None)
        monkeypatch.setattr(
            run, 'init_dist', lambda launcher, **options: joined.append(('mmengine', launcher, options))
        )
        monkeypatch.setattr(torch.distributed, 'init_process_group', lambda backend: joined.append(('torch', backend)))
        return joined

    def test_none(self, joined):
        """One process needs no other."""
        start_processes('none', {})
        assert joined == []

    @pytest.mark.parametrize('launcher', ['pytorch', 'slurm'])
    def test_gpu(self, launcher, joined, monkeypatch):
        """With GPUs, mmengine's way."""
        monkeypatch.setattr(run, 'get_device', lambda: 'cuda')
        start_processes(launcher, dict(env_cfg=dict(dist_cfg=dict(backend='nccl'))))
        assert joined == [('mmengine', launcher, dict(backend='nccl'))]

    def test_cpu(self, joined, monkeypatch):
        """On CPUs torchrun's processes join by gloo; everything else is refused with what would work."""
        monkeypatch.setattr(run, 'get_device', lambda: 'cpu')
        start_processes('pytorch', dict(env_cfg=dict(dist_cfg=dict(backend='gloo'))))
        assert joined == [('torch', 'gloo')]
        for launcher, config in (('pytorch', {}), ('slurm', dict(env_cfg=dict(dist_cfg=dict(backend='gloo'))))):
            with pytest.raises(StageError, match=f"launcher '{launcher}' .* needs GPUs.*env_cfg.dist_cfg.backend=gloo"):
                start_processes(launcher, config)
        assert len(joined) == 1
