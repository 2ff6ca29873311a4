"""The names that tools had before there was one command still lead to it."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

import pytest

import dualcenter

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
DOORS = {
    'ablate': 'ablate',
    'check_fast_training': 'check-fast-training',
    'check_pose_nets': 'check-nets',
    'compare': 'compare',
    'complexity': 'complexity',
    'export_checkpoint': 'export-checkpoint',
    'export_onnx': 'export',
    'make_small_config': 'reduce-config',
    'make_synthetic_people': 'synthesize',
    'predict_onnx': 'predict-onnx',
    'score_results': 'score',
    'take_images': 'take-images',
    'train_stages': 'train-stages',
}
"""Old name -> sub-command."""


def test_every_command_has_an_old_name():
    """And none of the old names is gone."""
    assert sorted(DOORS.values()) == sorted(dualcenter.COMMANDS)
    assert [name for name in DOORS if not (TOOLS / f'{name}.py').is_file()] == []


@pytest.mark.parametrize(('name', 'command'), DOORS.items())
def test_leads_to_the_command(name, command, monkeypatch):
    """The words that follow are handed on, the status comes back."""
    monkeypatch.setattr(dualcenter, 'main', lambda argv: 7 if argv == [command, 'a', '--b'] else 9)
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', 'a', '--b'])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
    assert stopped.value.code == 7


@pytest.mark.parametrize('name', DOORS)
def test_nothing_else(name):
    """A docstring, two imports, a call."""
    tree = ast.parse((TOOLS / f'{name}.py').read_text())
    assert [type(node) for node in tree.body] == [ast.Expr, ast.Import, ast.ImportFrom, ast.If]
    assert f'`dualcenter {DOORS[name]}`' in ast.get_docstring(tree)
