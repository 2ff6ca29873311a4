"""The model of a config, and the image size that it is made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.registry import init_default_scope

from dualcenter_mmpose.utils.config_files import read_config


def load_model_config(name: str) -> Mapping[str, Any]:
    """Return the model of a config file, or of one of an OpenMMLab package (``mmpose::...``).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, or holds no bottom-up model.
    """
    config = read_config(name)
    init_default_scope(config.get('default_scope') or 'mmpose')
    if 'head' not in (config.get('model') or {}):
        raise ValueError(f"config '{name}' has no model with a head")
    model: Mapping[str, Any] = config.model
    return model


def nominal_size(model: Mapping[str, Any]) -> tuple[int, int]:
    """Return (w, h) px that a model's codec is made for.

    Raises:
        ValueError: if it does not say.
    """
    size = (model['head'].get('decoder') or {}).get('input_size')
    if size is None:
        raise ValueError("the head's decoder has no input_size; give --size WxH")
    return int(size[0]), int(size[1])
