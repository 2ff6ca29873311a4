"""The command around the standalone runner, which is tested with `deployment.onnx_runner`."""

import pytest

from dualcenter import main
from dualcenter_mmpose.deployment import onnx_runner


def test_options(monkeypatch, capsys):
    """Every option of the command is an argument of the runner; what it returns is summed up."""
    asked = []
    monkeypatch.setattr(onnx_runner, 'predict', lambda **options: asked.append(options) or [{}, {}])
    words = ['model.onnx', 'a.jpg', 'b.jpg', '--out', 'r.json', '--draw', 'd', '--score-thr', '0.5', '--batch', '2']
    assert main(['predict-onnx', *words]) == 0
    (options,) = asked
    assert [str(options[name]) for name in ('model', 'out', 'draw', 'score_thr', 'batch')] == [
        *('model.onnx', 'r.json', 'd', '0.5', '2'),
    ]
    assert capsys.readouterr().out == '2 people in 2 images, written to r.json\n'


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['model.onnx', 'a.jpg', '--batch', '0'], 'at least 1'),
        (['m.onnx', 'a.jpg', '--out', 'no/r.json'], "folder 'no'"),
    ],
)
def test_refusals(words, message, capsys):
    """One line and status 2."""
    assert main(['predict-onnx', *words]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith('dualcenter predict-onnx: error: ')
    assert message in printed
    assert printed.count('\n') == 1


def test_runtime_missing(monkeypatch, capsys):
    """The message says what to install."""

    def fail(**_):
        raise ImportError('no onnxruntime')

    monkeypatch.setattr(onnx_runner, 'predict', fail)
    assert main(['predict-onnx', 'model.onnx', 'a.jpg']) == 2
    assert 'no onnxruntime' in capsys.readouterr().err
