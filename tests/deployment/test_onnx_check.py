"""ONNX Runtime against PyTorch on images; the real thing is in `tests/cli/test_export.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dualcenter_mmpose.deployment import onnx_check
from dualcenter_mmpose.deployment.parity import Parity


class Network:
    """Two instances whose first coordinate is the image's mean."""

    def __call__(self, images):
        keypoints = torch.zeros(len(images), 3, 2, 2)
        keypoints[:, 0, 0, 0] = images.float().mean(dim=(1, 2, 3))
        scores = torch.ones(len(images), 3)
        outputs = dict(keypoints=keypoints, keypoint_scores=torch.ones(len(images), 3, 2), scores=scores)
        return dict(outputs, num_people=torch.full((len(images),), 2))


@pytest.mark.parametrize('shift', [0.0, 0.5])
def test_check_images(shift, monkeypatch):
    """Both see the same batch; of two images that the model takes, the one that only fills up does not count."""

    class Model:
        input_size, batch_size = (32, 32), 2

        def __init__(self, path):
            assert path == Path('model.onnx')

        def stack(self, warped):
            rest = [np.full_like(warped[0], 7)]
            return np.stack([image.transpose(2, 0, 1) for image in [*warped, *rest]])

        def run(self, batch):
            outputs = {name: value.numpy() for name, value in Network()(torch.from_numpy(batch)).items()}
            outputs['keypoints'][0, 1, 1, 1] += shift
            outputs['keypoints'][1] += 9
            return outputs

    monkeypatch.setattr(onnx_check.onnx_runner, 'Model', Model)
    monkeypatch.setattr(onnx_check.onnx_runner, 'read_image', lambda path: np.full((16, 8, 3), 200, np.uint8))
    parities = list(onnx_check.check_images(Network(), Path('model.onnx'), [Path('a.jpg'), Path('b.jpg')]))
    assert parities == [Parity(num_people=2, keypoints=shift)] * 2


@pytest.mark.parametrize(
    ('parity', 'same', 'told'),
    [
        (Parity(3, 9e-4, 1e-6, 1e-6, 0), True, '3 people, keypoints within 0.0009 px'),
        (Parity(3, 2e-3, 0.0, 0.0, 0), False, 'keypoints within 0.002 px'),
        (Parity(3, 0.0, 0.0, 0.0, 1), False, 'number of people differs in 1 images'),
        (Parity(), True, '0 people'),
    ],
)
def test_verdict(parity, same, told):
    """Too far apart, somebody missing, or nobody there at all."""
    assert onnx_check.is_same(parity) == same
    assert told in onnx_check.describe(parity)
