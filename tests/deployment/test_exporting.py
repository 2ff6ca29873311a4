"""From the network to files that other programs read."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from torch import nn

from dualcenter_mmpose.deployment import DeployModel, exporting
from dualcenter_mmpose.deployment.deploy_model import OUTPUTS
from dualcenter_mmpose.deployment.parity import compare
from tests.deployment.test_deploy_model import MODELS, SIZE, random_images, run
from tests.helpers import build_model


class SortedPixels(nn.Module):
    """A stand-in for the network, exported in a second: a stable sort, and outputs of the right names."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('mean', torch.zeros(()))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        values = images[:, 0, 0].float()
        falling = values.argsort(dim=1, descending=True, stable=True)
        rising = values.argsort(dim=-1, stable=True)
        return dict(zip(OUTPUTS, (falling, rising, values + 1, values + 2, values.sum(dim=1))))


@pytest.fixture
def onnxruntime():
    pytest.importorskip('onnxscript', reason='onnx and onnxscript are not installed: requirements/export.txt')
    return pytest.importorskip('onnxruntime', reason='onnxruntime is not installed: requirements/export.txt')


def open_session(onnxruntime, model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])


def run_session(session, images) -> dict[str, np.ndarray]:
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), {'images': images.numpy()})))


class TestCheckSize:
    """Law: what HRNet cannot halve five times is refused with the nearest size that it can."""

    def test_fits(self):
        """Multiples of 32 come back as they are."""
        assert exporting.check_size((64, 96)) == (64, 96)

    @pytest.mark.parametrize(
        ('size', 'nearest'), [((100, 64), '96x64'), ((64, 0), '64x32'), ((-32, 32), '32x32'), ((500, 510), '512x512')]
    )
    def test_does_not_fit(self, size, nearest):
        """The message has both."""
        with pytest.raises(ValueError, match=f'got {size[0]}x{size[1]}; the nearest is {nearest}'):
            exporting.check_size(size)


class TestTrace:
    """Law: the program says what the network says."""

    def test_file(self, tmp_path):
        """Written and read again, with its description, and nothing beside it."""
        network, path = SortedPixels(), tmp_path / 'model.pt2'
        exporting.write_program(exporting.trace(network, (32, 32)), path, dict(batch_size=1))
        notes = {'description.json': ''}
        program = torch.export.load(path, extra_files=notes)
        assert json.loads(notes['description.json']) == dict(format=exporting.FORMAT, batch_size=1)
        images = random_images(1)[..., :32, :32]
        received = run(program.module(), images)
        for name, value in run(network, images).items():
            np.testing.assert_array_equal(received[name], value)
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.slow
    @pytest.mark.parametrize('name', ['pose nets', 'flip'])
    def test_whole_network(self, name):
        """To the last bit, on images it was not traced with."""
        network = DeployModel(build_model(MODELS[name]))
        program = exporting.trace(network, (SIZE, SIZE), 2)
        images = random_images(2)
        parity = compare(run(network, images), run(program.module(), images))
        assert parity.num_people > 0
        assert parity[1:] == (0, 0, 0, 0)

    def test_no_image(self):
        """A batch of none is refused."""
        with pytest.raises(ValueError, match='at least 1 image, got 0'):
            exporting.trace(SortedPixels(), (32, 32), 0)


class TestToOnnx:
    """Law: standard operators, nothing of the machine that exported, and the same numbers."""

    def test_stable_sort(self, onnxruntime):
        """Equal values keep their order, rising and falling, as in torch."""
        network = SortedPixels()
        images = torch.randint(0, 4, (2, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
        session = open_session(onnxruntime, exporting.to_onnx(exporting.trace(network, (32, 32), 2)))
        received = run_session(session, images)
        for name, value in run(network, images).items():
            np.testing.assert_array_equal(received[name], value)

    def test_content(self, onnxruntime):
        """Opset, names, and no path of the sources beside the nodes."""
        model = exporting.to_onnx(exporting.trace(SortedPixels(), (32, 32)))
        assert [(opset.domain, opset.version) for opset in model.opset_import] == [('', exporting.OPSET)]
        assert [value.name for value in model.graph.input] == [exporting.INPUT]
        assert [value.name for value in model.graph.output] == list(OUTPUTS)
        assert b'.py' not in model.SerializeToString()

    def test_packages_missing(self, monkeypatch):
        """The message says what to install."""
        monkeypatch.setitem(sys.modules, 'onnxscript', None)
        monkeypatch.setattr(exporting, 'find_spec', lambda name: None if name == 'onnxscript' else name)
        with pytest.raises(ModuleNotFoundError, match=r'needs onnxscript: pip install -r requirements/export\.txt'):
            exporting.to_onnx(exporting.trace(SortedPixels(), (32, 32)))

    def test_too_large(self, onnxruntime, monkeypatch):
        """One file has room for 2 GB."""
        monkeypatch.setattr(exporting, 'MAX_BYTES', 100)
        with pytest.raises(ValueError, match='one file of ONNX holds 100 at most'):
            exporting.to_onnx(exporting.trace(SortedPixels(), (32, 32)))

    @pytest.mark.slow
    def test_flip_test(self, onnxruntime):
        """ONNX Runtime and PyTorch agree to 1e-3 px and 1e-5 of a score on random weights."""
        network = DeployModel(build_model(MODELS['flip']))
        session = open_session(onnxruntime, exporting.to_onnx(exporting.trace(network, (SIZE, SIZE), 2)))
        # Not the black image: its maps are symmetric, and which of two equal peaks comes first is open.
        images = random_images(3)[[0, 2]]
        parity = compare(run(network, images), run_session(session, images))
        assert parity.num_people > 0
        assert parity.num_unequal == 0
        assert parity.keypoints < 1e-3
        assert max(parity.keypoint_scores, parity.scores) < 1e-5


class TestCheckOperators:
    """Law: an operator of another domain is named, also inside a branch and as a function."""

    def test_foreign(self, onnxruntime):
        """A node of a domain of its own, at the top and in a branch."""
        from onnx import TensorProto, helper

        def make(*nodes):
            value = helper.make_tensor_value_info('y', TensorProto.FLOAT, [1])
            return helper.make_model(helper.make_graph(nodes, 'graph', [], [value]))

        standard = helper.make_node('Constant', [], ['y'], value_floats=[1.0])
        foreign = helper.make_node('Fancy', [], ['y'], domain='org.elsewhere')
        branch = make(foreign).graph
        exporting.check_operators(make(standard))
        for node in (foreign, helper.make_node('If', ['c'], ['y'], then_branch=branch, else_branch=branch)):
            with pytest.raises(ValueError, match='org.elsewhere::Fancy'):
                exporting.check_operators(make(node))
        model = make(standard)
        model.functions.append(helper.make_function('org.elsewhere', 'Local', [], ['y'], [standard], []))
        with pytest.raises(ValueError, match='org.elsewhere::Local'):
            exporting.check_operators(model)


class TestWriteModel:
    """Law: one file, ONNX or a program of torch.export, with the description inside."""

    @pytest.mark.parametrize(('batch', 'traced'), [(2, (2, False)), (None, (1, True))])
    def test_batch(self, batch, traced, tmp_path, monkeypatch):
        """No number is any number."""
        calls = []
        monkeypatch.setattr(exporting, 'trace', lambda network, size, number, dynamic_batch: (number, dynamic_batch))
        monkeypatch.setattr(exporting, 'write_program', lambda *args: calls.append(args))
        exporting.write_model(None, tmp_path / 'm.pt2', {'a': 1}, (64, 32), batch, as_program=True)
        assert calls == [(traced, tmp_path / 'm.pt2', {'a': 1})]

    def test_onnx(self, onnxruntime, tmp_path):
        """ONNX Runtime reads it, and finds the description."""
        exporting.write_model(SortedPixels(), tmp_path / 'm.onnx', {'a': 1}, (64, 32))
        session = onnxruntime.InferenceSession(str(tmp_path / 'm.onnx'), providers=['CPUExecutionProvider'])
        assert session.get_modelmeta().custom_metadata_map == {'format': json.dumps(exporting.FORMAT), 'a': '1'}
        assert session.get_inputs()[0].shape == [1, 3, 32, 64]
