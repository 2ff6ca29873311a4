"""A reduced config on a light backbone with ImageNet weights: all of ``configs/ablation`` from a neutral start."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from dualcenter_mmpose.experiments.reduced.reduce import BASELINE_HEADS, Config

FROZEN = ('frozen_stages', 'norm_eval')


def with_light_backbone(reduced: Mapping[str, Any], light: Mapping[str, Any]) -> Config:
    """Return a reduced config with another backbone; all else stays.

    A baseline's head reads one map. HRNet's finest holds what the coarser ones know; that of a light backbone does not,
    so the baseline gets the maps joined, as ``DualCenterHead`` joins them itself.

    Args:
        reduced: from :func:`~dualcenter_mmpose.experiments.reduced.reduce.reduce_config`.
        light: ``backbone``, its ``channels`` from fine to coarse, and ``data_preprocessor``, as in
            ``configs/_base_/efficientnet_lite0.py``.
    """
    config = deepcopy(dict(reduced))
    model, channels = config['model'], tuple(light['channels'])
    backbone = {key: value for key, value in deepcopy(dict(light['backbone'])).items() if key != '_delete_'}
    own = model['backbone']
    backbone.update({key: own[key] for key in FROZEN if key in own})
    if own.get('frozen_stages', -1) > 0:
        backbone['init_cfg'] = None  # its weights come with those of the stage before
    model['backbone'] = backbone
    model['data_preprocessor'].update(deepcopy(dict(light['data_preprocessor'])))
    if model['head']['type'] in BASELINE_HEADS:
        model['neck'] = dict(type='FeatureMapProcessor', concat=True)
        model['head']['in_channels'] = sum(channels)
    else:
        model['head']['in_channels'] = channels
    return config
