"""The command; what it measures is tested with `experiments.profiling.pose_nets`."""

from __future__ import annotations

import json

import pytest

from dualcenter import main
from dualcenter_mmpose.cli import check_nets as tool
from tests.experiments.profiling.test_pose_nets import STAGE1, STAGE2


def test_output(tmp_path, monkeypatch, capsys):
    """Counts as they are, shares to three digits, what is not defined as null in the file."""
    asked = []
    measures = {'candidates': 7, 'confidence: Spearman with OKS': 0.12345, 'similarity: area under ROC': float('nan')}
    monkeypatch.setattr(tool, 'measure_pose_nets', lambda *args: asked.append(args[1:]) or (2, measures))
    out = tmp_path / 'out.json'
    words = ['--split', 'train', '--candidates', 'training', '--device', 'cpu', '--out', out]
    assert main(['check-nets', *map(str, [STAGE2, 'model.pth', *words])]) == 0
    assert [tuple(map(str, args)) for args in asked] == [('model.pth', 'cpu', 'train', 'training')]
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == '2 images of the train split, candidates: training'
    assert [line.split()[-1] for line in lines] == ['7', '0.123', 'nan']
    written = json.loads(out.read_text())
    assert written['images'] == 2
    assert written['similarity: area under ROC'] is None


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ('no.py', "config 'no.py' does not exist"),
        (STAGE1, 'no pose-level networks'),
        (STAGE2, "checkpoint 'no.pth' does not exist"),
    ],
    ids=['config', 'stage', 'checkpoint'],
)
def test_refusals(config, message, capsys):
    """One line and status 2."""
    assert main(['check-nets', str(config), 'no.pth', '--device', 'cpu']) == 2
    printed = capsys.readouterr().err
    assert printed.startswith('dualcenter check-nets: error: ')
    assert message in printed
    assert printed.count('\n') == 1
