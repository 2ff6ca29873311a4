"""The command at the smallest size; its parts are tested with `experiments.profiling`."""

from __future__ import annotations

import json

import pytest

from dualcenter import main
from dualcenter_mmpose.cli import check_fast_training as tool
from dualcenter_mmpose.experiments.profiling.loss_curves import Run
from tests.experiments.profiling.test_fast_training import write_config


def run_tool(*argv):
    return main(['check-fast-training', *map(str, argv), '--device', 'cpu'])


def test_output(tmp_path, monkeypatch, capsys):
    """Status by the noise; what JSON does not know is null."""
    losses = dict(fp32=[1.0] * 4, fast=[2.0] * 4)
    for other, status in ((1.0, 1), (4.0, 0)):
        done = {name: Run(own, 1.0, 0.0, 0.0, 0) for name, own in {**losses, 'other seed': [other] * 4}.items()}
        monkeypatch.setattr(tool, 'train_all', lambda *_, done=done: done.items())
        out = tmp_path / 'out.json'
        words = ['--steps', 4, '--batches', 1, '--backend', 'eager', '--own-data', '--out', out]
        assert run_tool(write_config(tmp_path), *words) == status
        written = json.loads(out.read_text())
        assert written['measures']['difference over noise'] == (None if status else pytest.approx(1 / 3))
        assert written['runs']['fast']['losses'] == written['runs']['fast']['smoothed'] == [2.0] * 4
        assert ('OUTSIDE' in capsys.readouterr().out) == bool(status)


@pytest.mark.slow
def test_whole_command(tmp_path):
    """Three real trainings, on synthetic people."""
    words = ['--steps', 4, '--batches', 1, '--images', 3, '--backend', 'eager']
    assert run_tool(write_config(tmp_path), *words) in (0, 1)


@pytest.mark.parametrize(
    ('words', 'message'), [(['no.py'], "'no.py' does not exist"), (['no.py', '--steps', 3], 'two for each half, got 3')]
)
def test_refusals(words, message, capsys):
    """One line and status 2."""
    assert run_tool(*words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith('dualcenter check-fast-training: error: ')
    assert message in printed
    assert printed.count('\n') == 1
