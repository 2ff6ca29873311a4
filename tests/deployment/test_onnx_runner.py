"""The program that runs an exported model without PyTorch; against MMPose in `tests/cli/test_export.py`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms.bottomup_transforms import BottomupResize
from mmpose.structures.bbox import get_warp_matrix

from dualcenter_mmpose.deployment import exporting
from dualcenter_mmpose.deployment import onnx_runner as tool
from dualcenter_mmpose.deployment.deploy_model import OUTPUTS

SOURCE = Path(tool.__file__)
NAMES = ['nose', 'left_hip', 'right_hip']
SIZES = [(100, 100), (37, 101), (640, 427), (1, 1), (33, 32), (1999, 63)]

ALONE = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        top = name.split('.')[0]
        if top not in sys.stdlib_module_names and top not in ('numpy', 'cv2', 'onnxruntime', 'onnx_runner'):
            raise ModuleNotFoundError('refused: ' + name)

sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv.pop(1))
import onnx_runner
sys.exit(onnx_runner.main())
"""


@pytest.fixture
def onnx():
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed: requirements/export.txt')
    return pytest.importorskip('onnx', reason='onnx is not installed: requirements/export.txt')


@pytest.fixture
def make_model(onnx, tmp_path):
    """Return a function that writes a model of 3 slots: 2 instances whose places in the input are known."""

    def make_model(batch=1, path=tmp_path / 'model.onnx', **description):
        from onnx import TensorProto, helper, numpy_helper

        pose = np.array([[16.0, 16.0], [8.0, 24.0], [24.0, 24.0]])
        values = dict(
            keypoints=np.stack([pose, pose / 2, 0 * pose])[None].repeat(batch, 0),
            keypoint_scores=np.array([[0.9, 0.8, 0.7], [0.6, 0.5, 0.4], [0, 0, 0]])[None].repeat(batch, 0),
            scores=np.array([[0.8, 0.2, 0]]).repeat(batch, 0),
            boxes=np.array([[8, 16, 24, 24], [4, 8, 12, 12], [0, 0, 0, 0]])[None].repeat(batch, 0),
            num_people=np.array([2] * batch),
        )
        values = {k: v.astype(np.int64 if k == 'num_people' else np.float32) for k, v in values.items()}
        kinds = {k: TensorProto.INT64 if k == 'num_people' else TensorProto.FLOAT for k in values}
        graph = helper.make_graph(
            [helper.make_node('Identity', [f'{name}_'], [name]) for name in OUTPUTS],
            'people',
            [helper.make_tensor_value_info('images', TensorProto.UINT8, [batch, 3, 32, 32])],
            [helper.make_tensor_value_info(name, kinds[name], values[name].shape) for name in OUTPUTS],
            [numpy_helper.from_array(values[name], f'{name}_') for name in OUTPUTS],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', exporting.OPSET)], ir_version=8)
        known = dict(input_size=[32, 32], batch_size=batch, channel_order='BGR')
        exporting.describe(model, {**known, 'keypoint_names': NAMES, 'skeleton_links': [[0, 1], [0, 2]], **description})
        path.write_bytes(model.SerializeToString())
        return path

    return make_model


@pytest.fixture
def image(tmp_path):
    """A white picture of 64 x 128 px: in an input of 32 x 32 it is 16 x 32 and starts at x = 8."""
    path = tmp_path / '000007.png'
    cv2.imwrite(str(path), np.full((128, 64, 3), 255, np.uint8))
    return path


@pytest.fixture
def run_tool():
    return lambda *argv: tool.main([*map(str, argv)])


class TestAlone:
    """Law: numpy, OpenCV, ONNX Runtime and the standard library are enough."""

    def test_source(self):
        """No import anywhere in the file names anything else."""
        names = set()
        for node in ast.walk(ast.parse(SOURCE.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.split('.')[0])
        assert names - set(sys.stdlib_module_names) == {'numpy', 'cv2', 'onnxruntime'}

    def test_run(self, make_model, image, tmp_path):
        """A run from another folder in which every other import raises."""
        out, command = tmp_path / 'results.json', [sys.executable, '-c', ALONE, str(SOURCE.parent)]
        command += [str(make_model()), str(image), '--out', str(out), '--draw', str(tmp_path / 'drawn')]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert len(json.loads(out.read_text())) == 2

    def test_refusal_works(self, tmp_path):
        """The same run that imports torch fails: the test above can see what it is for."""
        (tmp_path / 'onnx_runner.py').write_text('import torch\n')
        done = subprocess.run([sys.executable, '-c', ALONE, str(tmp_path)], capture_output=True, text=True)
        assert 'refused: torch' in done.stderr


class TestWarp:
    """Law: image and coordinates go the way of MMPose's test pipeline, to the last bit."""

    @pytest.mark.parametrize('input_size', [(64, 64), (96, 64)], ids=str)
    @pytest.mark.parametrize('size', SIZES, ids=str)
    def test_equals_bottomup_resize(self, size, input_size):
        """Pixels, matrix and what MMPose needs for the way back."""
        image = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
        expected = BottomupResize(input_size=input_size)(dict(img=image.copy(), ori_shape=image.shape[:2]))
        warp = tool.make_warp(size, input_size)
        matrix = get_warp_matrix(expected['input_center'], expected['input_scale'], 0, input_size)
        np.testing.assert_array_equal(warp.matrix, matrix)
        np.testing.assert_array_equal(warp.center, expected['input_center'])
        np.testing.assert_array_equal(warp.scale, expected['input_scale'])
        np.testing.assert_array_equal(tool.warp_image(image, warp, input_size), expected['img'])

    @pytest.mark.parametrize('size', SIZES[:3], ids=str)
    def test_back(self, size):
        """A point goes into the input and back within 1e-3 px."""
        warp = tool.make_warp(size, (96, 64))
        points = np.random.default_rng(0).uniform(0, 100, (20, 2)).astype(np.float32)
        inside = points @ warp.matrix[:, :2].T + warp.matrix[:, 2]
        np.testing.assert_allclose(tool.to_image(inside, warp, (96, 64)), points, atol=1e-3)


class TestStack:
    """Law: planes in the model's channel order, black images up to its batch."""

    @pytest.mark.parametrize(('order', 'planes'), [('BGR', [1, 2, 3]), ('RGB', [3, 2, 1])])
    def test_order(self, make_model, order, planes):
        """One pixel's three values, plane by plane; the second image is filled up."""
        model = tool.Model(make_model(batch=2, channel_order=order))
        batch = model.stack([np.full((32, 32, 3), (1, 2, 3), np.uint8)])
        assert batch[0, :, 5, 5].tolist() == planes
        assert batch.shape == (2, 3, 32, 32)
        assert not batch[1].any()


class TestResults:
    """Law: COCO's form, in px of the image on disk."""

    def test_by_hand(self, make_model, image, run_tool, tmp_path, capsys):
        """Scale 4, shift 8 input px: input (16, 16) is image (32, 64), (8, 24) is (0, 96), (24, 24) is (64, 96)."""
        out = tmp_path / 'results.json'
        assert run_tool(make_model(), image, '--out', out) == 0
        best, second = json.loads(out.read_text())
        assert (best['file_name'], best['image_id'], best['category_id']) == ('000007.png', 7, 1)
        assert best['keypoints'] == pytest.approx([32, 64, 0.9, 0, 96, 0.8, 64, 96, 0.7], abs=1e-4)
        assert best['bbox'] == pytest.approx([0, 64, 64, 32], abs=1e-4)
        assert [best['score'], second['score']] == pytest.approx([0.8, 0.2])
        printed = capsys.readouterr().out
        assert '000007.png: 2 people, best score 0.800' in printed
        assert '2 people in 1 images' in printed

    def test_threshold(self, make_model, image, run_tool, tmp_path):
        """Instances below are left out; no one left is an empty list."""
        for threshold, number in (('0.5', 1), ('0.9', 0)):
            run_tool(make_model(), image, '--out', tmp_path / 'r.json', '--score-thr', threshold)
            assert len(json.loads((tmp_path / 'r.json').read_text())) == number

    def test_batches(self, make_model, image, run_tool, tmp_path):
        """Three images in batches of two: everybody's instances, in order, under their own numbers."""
        others = [image.with_name(name) for name in ('b.png', '12.png')]
        for other in others:
            other.write_bytes(image.read_bytes())
        run_tool(make_model(batch=2), image, *others, '--out', tmp_path / 'r.json')
        results = json.loads((tmp_path / 'r.json').read_text())
        assert [r['file_name'] for r in results] == ['000007.png'] * 2 + ['b.png'] * 2 + ['12.png'] * 2
        assert [r['image_id'] for r in results] == [1, 1, 2, 2, 3, 3]

    @pytest.mark.parametrize(
        ('names', 'expected'), [(['1.png', '000.jpg'], [1, 0]), (['7.png', '007.jpg'], [1, 2]), (['a.png'], [1])]
    )
    def test_image_ids(self, names, expected):
        """Numbers in file names count where they tell the images apart."""
        assert tool.image_ids([Path(name) for name in names]) == expected


class TestDrawing:
    """Law: the image with the instances in it, and never in the place of an image."""

    def test_drawn(self, make_model, image, run_tool, tmp_path):
        """Of the size of the image; limbs are on it; the second instance, of score 0.2, is not drawn."""
        folder = tmp_path / 'new' / 'drawn'
        before = image.read_bytes()
        assert run_tool(make_model(), image, '--draw', folder) == 0
        drawn = cv2.imread(str(folder / '000007.jpg'))
        assert drawn.shape == (128, 64, 3)
        assert drawn[80, 16].min() < 200  # in the middle of the limb from (32, 64) to (0, 96)
        assert drawn[30:50, :20].min() > 200  # its limb from (0, 32) to (16, 48) would be here
        assert image.read_bytes() == before

    def test_image_in_its_place(self, make_model, run_tool, image, tmp_path, capsys):
        """Drawing into the folder of a JPEG of the same name would overwrite it."""
        photo = tmp_path / 'photo.jpg'
        photo.write_bytes(image.read_bytes())
        assert run_tool(make_model(), photo, '--draw', tmp_path) == 2
        assert 'would take its place' in capsys.readouterr().err
        assert photo.read_bytes() == image.read_bytes()

    def test_two_of_one_name(self, make_model, run_tool, image, tmp_path, capsys):
        """The second drawing would overwrite the first."""
        assert run_tool(make_model(), image, tmp_path / '000007.bmp', '--draw', tmp_path / 'drawn') == 2
        assert 'two images have the same name' in capsys.readouterr().err

    def test_colors(self):
        """A limb has the colour of its side."""
        assert tool.limb_color('left_hip', 'left_knee') == tool.LEFT
        assert tool.limb_color('right_hip', 'right_knee') == tool.RIGHT
        assert tool.limb_color('left_hip', 'right_hip') == tool.limb_color('nose', 'left_hip') == tool.MIDDLE


class TestErrors:
    """Law: bad input is told in a sentence, and nothing is written."""

    def check(self, run_tool, capsys, words, message):
        assert run_tool(*words) == 2
        told = capsys.readouterr().err
        assert message in told
        assert 'Traceback' not in told

    def test_images(self, make_model, image, run_tool, tmp_path, capsys):
        """Missing, empty, and not an image; the good one before it does not make a results file."""
        (tmp_path / 'empty.jpg').touch()
        (tmp_path / 'text.jpg').write_text('no picture')
        for name, message in (
            ('absent.jpg', 'does not exist'),
            ('empty.jpg', 'is not an image'),
            ('text.jpg', 'is not an image'),
        ):
            words = [make_model(), image, tmp_path / name, '--out', tmp_path / 'r.json']
            self.check(run_tool, capsys, words, f"{name}' {message}")
        assert not (tmp_path / 'r.json').exists()

    def test_models(self, onnx, make_model, image, run_tool, tmp_path, capsys):
        """Missing, broken, somebody else's, and of another version."""
        self.check(run_tool, capsys, [tmp_path / 'absent.onnx', image], 'absent.onnx' + "' does not exist")
        (tmp_path / 'broken.onnx').write_bytes(b'nothing')
        self.check(run_tool, capsys, [tmp_path / 'broken.onnx', image], 'ONNX Runtime cannot load')
        model = onnx.load(make_model())
        del model.metadata_props[:]
        onnx.save(model, tmp_path / 'other.onnx')
        self.check(run_tool, capsys, [tmp_path / 'other.onnx', image], 'was not written by `dualcenter export`')
        newer = make_model(path=tmp_path / 'newer.onnx', format='dualcenter_mmpose/2')
        self.check(run_tool, capsys, [newer, image], "this program reads 'dualcenter_mmpose/1'")

    def test_options(self, make_model, image, run_tool, tmp_path, capsys):
        """More images than the model takes, a provider that is not there, a folder that is not there."""
        self.check(run_tool, capsys, [make_model(), image, '--batch', '2'], 'takes 1 images at once, got --batch 2')
        self.check(run_tool, capsys, [make_model(), image, '--out', tmp_path / 'no' / 'r.json'], 'does not exist')
        onnxruntime = pytest.importorskip('onnxruntime')
        if 'CUDAExecutionProvider' not in onnxruntime.get_available_providers():
            self.check(run_tool, capsys, [make_model(), image, '--provider', 'cuda'], 'has no CUDAExecutionProvider')

    def test_runtime_missing(self, image, run_tool, tmp_path, capsys, monkeypatch):
        """The message says what to install."""
        monkeypatch.setitem(sys.modules, 'onnxruntime', None)
        (tmp_path / 'model.onnx').touch()
        self.check(run_tool, capsys, [tmp_path / 'model.onnx', image], tool.HOW_TO_INSTALL)
