"""A multi-scale training checkpoint -> what a plain pose estimator needs, and its config.

The result loads without a missing or unexpected key into the same config with ``type='BottomupPoseEstimator'`` and
predicts bit for bit the same.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import torch

from dualcenter_mmpose.models.loading import HEAD_PREFIX, read_checkpoint
from dualcenter_mmpose.models.pose_estimators.multi_scale_training import AUXILIARY_PREFIX, MultiScaleTraining
from dualcenter_mmpose.utils.files import replacing
from dualcenter_mmpose.utils.renamed_options import SCALE_OPTIONS

OWN_OPTIONS = tuple(
    name
    for name, parameter in signature(MultiScaleTraining.__init__).parameters.items()
    if parameter.kind is Parameter.KEYWORD_ONLY
)
"""Keyword-only arguments of multi-scale training, which a plain estimator does not take; ``head`` is shared."""


def strip_state(
    state: OrderedDict[str, torch.Tensor], half: bool = False, backbone_only: bool = False
) -> OrderedDict[str, torch.Tensor]:
    """Return a state dict without auxiliary heads.

    Args:
        state: of the multi-scale model; its metadata is kept, which tells MMPose the version of each part.
        half: store floating point weights as float16; loading turns them back.
        backbone_only: drop the nominal head as well.
    """
    dropped = (AUXILIARY_PREFIX, HEAD_PREFIX) if backbone_only else (AUXILIARY_PREFIX,)
    kept = OrderedDict((key, value) for key, value in state.items() if not key.startswith(dropped))
    if half:
        kept = OrderedDict((key, value.half() if value.is_floating_point() else value) for key, value in kept.items())
    metadata = getattr(state, '_metadata', None)
    if metadata is not None:
        kept._metadata = metadata  # type: ignore[attr-defined]
    return kept


def plain_config(config: Any) -> Any:
    """Return the config of the plain estimator that a multi-scale config trains.

    Raises:
        ValueError: if the config's model is not multi-scale.
    """
    kind = (config.get('model') or {}).get('type')
    if kind != 'MultiScaleTrainingWrapper':
        raise ValueError(f"the config's model is '{kind}', not 'MultiScaleTrainingWrapper': test it as it is")
    plain = deepcopy(config)
    for name in (*OWN_OPTIONS, *SCALE_OPTIONS):
        if name != 'head':
            plain.model.pop(name, None)
    plain.model.type = 'BottomupPoseEstimator'
    plain.pop('model_wrapper_cfg', None)
    return plain


def write_plain_checkpoint(path: Path, out: Path, half: bool = False, backbone_only: bool = False) -> None:
    """Write the stripped checkpoint in one piece.

    Args:
        path: checkpoint of the training.
        out: file to write.
        half: see :func:`strip_state`.
        backbone_only: likewise.

    Raises:
        ValueError: if the checkpoint is missing, broken or of something else.
    """
    checkpoint = read_checkpoint(path)
    meta = {key: checkpoint.get('meta', {})[key] for key in ('dataset_meta',) if key in checkpoint.get('meta', {})}
    state = strip_state(checkpoint['state_dict'], half, backbone_only)
    with replacing(out) as draft:
        torch.save(dict(meta=meta, state_dict=state), draft)
