"""A built model with the weights of a checkpoint, all of them, or an error that says which are missing.

mmengine's ``load_checkpoint`` only notes in its log what a checkpoint lacks, and a model whose layers are partly
random still gives numbers.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn

from dualcenter_mmpose.models.pose_estimators.multi_scale_training import AUXILIARY_PREFIX

HEAD_PREFIX = 'head.'
USE_ITS_CONFIG = 'use the config that it was trained with'
_NUM_SHOWN = 3
_LONGEST_ERROR = 400
"""Characters of torch's own message, which lists every weight of another shape."""


def load_model(config: Config, checkpoint: Path, device: str = 'cpu') -> Any:
    """Return the model of a config with the weights of a checkpoint, in test mode.

    What the model's parts make of a checkpoint on loading holds: ``DualCenterHead`` converts MMPose's DEKR heads, and
    multi-scale training starts auxiliary heads from the nominal one.

    Args:
        config: with ``model``.
        checkpoint: file that a runner or `dualcenter export-checkpoint` wrote.
        device: to put the model on.

    Raises:
        ValueError: if the file is missing or broken, lacks weights of the model, or has weights beyond it. Those of
            auxiliary heads, which no test uses, may be there or not.
    """
    state = read_checkpoint(checkpoint)['state_dict']
    init_default_scope(config.get('default_scope') or 'mmpose')
    model = MODELS.build(config.model)
    load_weights(model, state, f"checkpoint '{checkpoint}' does not fit '{config.filename}'")
    return model.to(device).eval()


def load_weights(model: nn.Module, state: Mapping[str, Any], problem: str) -> None:
    """Load all weights of a model, in place.

    Args:
        model: as built.
        state: its weights by name.
        problem: how an error message begins.

    Raises:
        ValueError: if weights are missing, too many or of another shape, those of auxiliary heads left aside.
    """
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ValueError(f'{problem}: {" ".join(str(error).split())[:_LONGEST_ERROR]}') from error
    except (KeyError, ValueError) as error:  # what a part of the model says of it, with a remedy
        raise ValueError(f'{problem}: {error}') from error
    for what, keys in (('lacks', missing), ('has beyond it', unexpected)):
        keys = [key for key in keys if not key.startswith(AUXILIARY_PREFIX)]
        if keys:
            raise ValueError(f'{problem}: it {what} {len(keys)} weights ({first_keys(keys)}); {USE_ITS_CONFIG}')


def first_keys(keys: list[str]) -> str:
    """Return the first few keys in a line."""
    return ', '.join([*keys[:_NUM_SHOWN], *['...'][: len(keys) > _NUM_SHOWN]])


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint of a pose estimator as mmengine's runner writes it.

    Raises:
        ValueError: if the file is missing, broken or something else.
    """
    if not path.is_file():
        raise ValueError(f"checkpoint '{path}' does not exist")
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = [*str(error).splitlines(), type(error).__name__][0]
        raise ValueError(f"checkpoint '{path}' cannot be read: {reason}") from error
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ValueError(f"'{path}' is no checkpoint of a runner: it has no 'state_dict'")
    if not any(key.startswith(HEAD_PREFIX) for key in checkpoint['state_dict']):
        raise ValueError(f"'{path}' holds no pose estimator: no key of its state_dict begins with '{HEAD_PREFIX}'")
    return checkpoint
