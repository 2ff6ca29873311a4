"""An ONNX model in ONNX Runtime against the network that it was made of, on images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from dualcenter_mmpose.deployment import onnx_runner
from dualcenter_mmpose.deployment.deploy_model import DeployModel
from dualcenter_mmpose.deployment.parity import Parity, compare

TOLERANCE = 1e-3
"""Largest difference of a coordinate between PyTorch and ONNX Runtime that passes, input px."""


def check_images(network: DeployModel, path: Path, images: Sequence[Path]) -> Iterator[Parity]:
    """Yield how far ONNX Runtime and PyTorch are apart on each image, in input px.

    Args:
        network: on the CPU.
        path: of the ONNX model.
        images: image files.

    Raises:
        ValueError: for a file that cannot be used.
        ImportError: without ONNX Runtime.
    """
    model = onnx_runner.Model(path)
    for image_path in images:
        image = onnx_runner.read_image(image_path)
        warp = onnx_runner.make_warp((image.shape[1], image.shape[0]), model.input_size)
        batch = model.stack([onnx_runner.warp_image(image, warp, model.input_size)])
        with torch.no_grad():
            expected = {name: value.numpy() for name, value in network(torch.from_numpy(batch)).items()}
        yield compare(_first(expected), _first(model.run(batch)))


def _first(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs of the first image; the others fill up the batch."""
    return {name: values[:1] for name, values in outputs.items()}


def is_same(parity: Parity) -> bool:
    """Return whether both find the same instances at the same places."""
    return parity.keypoints <= TOLERANCE and not parity.num_unequal


def describe(parity: Parity) -> str:
    """Return a difference in words."""
    unequal = f', number of people differs in {parity.num_unequal} images' if parity.num_unequal else ''
    return (
        f'{parity.num_people} people, keypoints within {parity.keypoints:.2g} px, their scores within '
        f'{parity.keypoint_scores:.2g}, scores within {parity.scores:.2g}{unequal}'
    )
