"""The command that writes ONNX, from a config and a checkpoint to people found without PyTorch."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_bottomup, init_model

from dualcenter import main
from dualcenter_mmpose.cli import export as tool
from dualcenter_mmpose.deployment import onnx_runner
from dualcenter_mmpose.deployment.parity import Parity
from tests.configs.reduce import ROOT
from tests.helpers import CROWDPOSE, build_model, codec_config, tiny_dekr, tiny_model, with_pose_nets
from tests.test_demo_checkpoint import CHECKPOINT, CONFIG

NETS = with_pose_nets(tiny_model(type='MultiScaleTrainingWrapper'))


@pytest.fixture
def onnxruntime():
    pytest.importorskip('onnxscript', reason='onnx and onnxscript are not installed: requirements/export.txt')
    return pytest.importorskip('onnxruntime', reason='onnxruntime is not installed: requirements/export.txt')


def run_tool(*argv):
    return main(['export', *map(str, argv)])


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the config of a model and its checkpoint."""

    def write(model, name='model'):
        config, checkpoint = tmp_path / f'{name}.py', tmp_path / f'{name}.pth'
        Config(dict(model=model, default_scope='mmpose')).dump(config)
        torch.save(dict(meta={}, state_dict=build_model(model).state_dict()), checkpoint)
        return config, checkpoint

    return write


@pytest.fixture
def errors(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command and returns the message of its refusal."""
    monkeypatch.setattr(tool.exporting, 'check_packages', lambda: None)

    def errors(*words):
        before = sorted(tmp_path.iterdir())
        assert run_tool(*words) == 2
        assert sorted(tmp_path.iterdir()) == before, 'nothing is left behind'
        told = capsys.readouterr().err
        assert told.startswith('dualcenter export: error: ')
        assert told.count('\n') == 1
        return told

    return errors


class TestErrors:
    """Law: what does not fit is told in a sentence before anything is written."""

    def test_checkpoint_of_another_model(self, write, errors, tmp_path):
        """Weights that are missing, too many, or of another keypoint set."""
        plain, nets = write(tiny_model(), 'plain'), write(NETS, 'nets')
        out = tmp_path / 'model.onnx'
        assert 'it lacks' in (told := errors(nets[0], plain[1], '--out', out))
        assert 'head.pose_nets.' in told
        assert 'it has beyond it' in errors(plain[0], nets[1], '--out', out)
        crowd = tiny_model(codec=codec_config(metainfo=CROWDPOSE))
        crowd['head']['num_keypoints'] = 14
        assert 'does not fit' in errors(plain[0], write(crowd, 'crowd')[1], '--out', out)

    def test_another_head(self, write, errors, tmp_path):
        """DEKR's head is not ours to export."""
        assert 'needs an estimator with a DualCenterHead' in errors(*write(tiny_dekr()), '--out', tmp_path / 'm.onnx')

    def test_files(self, write, errors, tmp_path):
        """Config, checkpoint or folder that are not there, and a config without a model."""
        config, checkpoint = write(tiny_model())
        out = tmp_path / 'model.onnx'
        assert 'absent.py' in errors(tmp_path / 'absent.py', checkpoint, '--out', out)
        assert 'absent.pth' in errors(config, tmp_path / 'absent.pth', '--out', out)
        assert 'does not exist' in errors(config, checkpoint, '--out', tmp_path / 'absent' / 'model.onnx')
        (tmp_path / 'empty.py').write_text('epochs = 3\n')
        assert 'has no model with a head' in errors(tmp_path / 'empty.py', checkpoint, '--out', out)

    def test_size(self, write, errors, tmp_path):
        """The nearest size that fits is named."""
        told = errors(*write(tiny_model()), '--out', tmp_path / 'm.onnx', '--size', '100x64')
        assert 'got 100x64; the nearest is 96x64' in told

    def test_packages(self, write, tmp_path, capsys, monkeypatch):
        """Without onnx the command says what to install, before it loads anything."""
        monkeypatch.setattr(tool.exporting, 'find_spec', lambda name: None)
        assert run_tool(tmp_path / 'absent.py', tmp_path / 'absent.pth', '--out', tmp_path / 'm.onnx') == 2
        assert 'needs onnx and onnxscript: pip install' in capsys.readouterr().err

    @pytest.mark.parametrize('words', [['--out', 'model.pth'], ['--out', 'm.pt2', '--check', 'a.jpg']])
    def test_options(self, words, errors):
        """A file of another kind, which could be the checkpoint itself, is refused."""
        assert '--format' in errors('config.py', 'model.pth', *words)


class TestParseSize:
    """Law: WxH, width first."""

    def test_order(self):
        """As OpenCV and MMPose's configs have it."""
        assert tool.parse_size('640x512') == (640, 512)

    @pytest.mark.parametrize('text', ['', '512', '512x', 'axb', '512x512x3', '-32x32'])
    def test_refused(self, text):
        """Anything else is quoted."""
        with pytest.raises(ArgumentTypeError, match='expected WxH'):
            tool.parse_size(text)


class TestReportCheck:
    """Law: status 0 exactly where both find the same people at the same places."""

    @pytest.mark.parametrize(
        ('parity', 'status', 'told'),
        [
            (Parity(3, 9e-4, 1e-6, 1e-6, 0), 0, 'same: 1 images, 3 people, keypoints within 0.0009 px'),
            (Parity(3, 2e-3, 0.0, 0.0, 0), 1, 'NOT THE SAME: 1 images'),
            (Parity(3, 0.0, 0.0, 0.0, 1), 1, 'number of people differs in 1 images'),
            (Parity(), 0, 'same: 1 images, 0 people'),
        ],
    )
    def test_status(self, parity, status, told, monkeypatch, capsys):
        """Too far apart, somebody missing, or nobody there at all."""
        monkeypatch.setattr(tool.onnx_check, 'check_images', lambda *_: [parity])
        assert tool.report_check(None, Path('model.onnx'), [Path('image.jpg')]) == status
        assert told in capsys.readouterr().out


@pytest.mark.slow
def test_whole_command(onnxruntime, write, tmp_path, capsys):
    """All three networks, a size that is not square, any batch, checked on pictures; then found without PyTorch."""
    picture = ROOT / 'docs' / 'people.jpg'
    config, checkpoint = write(NETS)
    words = ['--size', '96x64', '--dynamic-batch', '--check', picture]
    assert run_tool(config, checkpoint, '--out', tmp_path / 'model.onnx', *words) == 0
    assert 'same: 1 images, 30 people' in capsys.readouterr().out
    model = onnx_runner.Model(tmp_path / 'model.onnx')
    image = onnx_runner.read_image(picture)
    alone, twice = model.predict([image]), model.predict([image, image])
    for name, values in alone[0].items():
        np.testing.assert_allclose(twice[1][name], values, atol=1e-3)


@pytest.mark.slow
def test_program_of_torch_export(write, tmp_path):
    """The other format is read by torch alone, and knows its keypoints."""
    config, checkpoint = write(tiny_model())
    out = tmp_path / 'model.pt2'
    assert run_tool(config, checkpoint, '--out', out, '--format', 'torch-export', '--batch', '2') == 0
    notes = {'description.json': ''}
    program = torch.export.load(out, extra_files=notes)
    assert program.module()(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))['keypoints'].shape == (2, 30, 17, 2)
    assert json.loads(notes['description.json'])['keypoint_names'][0] == 'nose'


@pytest.fixture(scope='module')
def shipped_model(tmp_path_factory):
    """The shipped checkpoint as ONNX."""
    pytest.importorskip('onnxscript', reason='onnx and onnxscript are not installed: requirements/export.txt')
    model_file = tmp_path_factory.mktemp('shipped') / 'model.onnx'
    assert run_tool(CONFIG, CHECKPOINT, '--out', model_file) == 0
    return model_file


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['rendered', 'photographs'])
def test_shipped_checkpoint_against_mmpose(onnxruntime, shipped_model, kind, request, tmp_path):
    """`inference_bottomup` and `dualcenter predict-onnx` find the same people to 1e-3 input px, flip test included."""
    out, images = tmp_path / 'results.json', [ROOT / 'docs' / 'people.jpg']
    if kind == 'photographs':
        images = sorted((request.getfixturevalue('coco_cc') / 'images').glob('*.jpg'))[:2]
    assert main(['predict-onnx', str(shipped_model), *map(str, images), '--out', str(out)]) == 0
    results = json.loads(out.read_text())

    config = Config.fromfile(CONFIG)
    config.test_dataloader.dataset.pipeline[1].resize_mode = 'fit'  # the graph has one size
    reference = init_model(config, str(CHECKPOINT), device='cpu')
    for path in images:
        expected = inference_bottomup(reference, str(path))[0].pred_instances
        found = [result for result in results if result['file_name'] == path.name]
        assert len(found) == len(expected) > 0
        poses = np.array([result['keypoints'] for result in found]).reshape(len(found), 17, 3)
        largest = max(onnx_runner.read_image(path).shape[:2]) / 256  # image px an input px
        np.testing.assert_allclose(poses[..., :2], expected.keypoints, atol=1e-3 * largest)
        np.testing.assert_allclose(poses[..., 2], expected.keypoint_scores, atol=1e-4)
        np.testing.assert_allclose([result['score'] for result in found], expected.bbox_scores, atol=1e-5)
        corners = np.array([[x, y, x + w, y + h] for x, y, w, h in (result['bbox'] for result in found)])
        np.testing.assert_allclose(corners, expected.bboxes, atol=2e-3 * largest)
