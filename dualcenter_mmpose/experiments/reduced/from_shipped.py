"""Small reduced configs of config files, for tools."""

from __future__ import annotations

from mmengine.config import Config

from dualcenter_mmpose.experiments.reduced.light_backbone import with_light_backbone
from dualcenter_mmpose.experiments.reduced.reduce import reduce_config
from dualcenter_mmpose.utils.locations import configs_folder

CONFIGS = configs_folder()
"""Configs lie beside the tools, in a clone and in the installed package alike."""
SMALL = 'dualcenter/synthetic/dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'
EVERY_LEVEL_HELP = 'reduced configs train all levels in every step, as the configs do, and not one'
LIGHT = '_base_/efficientnet_lite0.py'


def reduced_config(config: Config, is_light: bool = False, every_level: bool = False) -> Config:
    """Return the reduced config of a loaded config.

    Args:
        config: of any size.
        is_light: whether it gets the light backbone with ImageNet weights in place of a small HRNet.
        every_level: whether all levels are trained in every step, rather than one.

    Raises:
        ValueError: if it has none.
    """
    small = Config.fromfile(CONFIGS / SMALL)
    try:
        reduced = reduce_config(config.to_dict(), small.to_dict(), every_level)
    except KeyError as error:
        raise ValueError(f"a reduced config needs {error}, which '{config.filename}' does not have") from error
    if is_light:
        reduced = with_light_backbone(reduced, Config.fromfile(CONFIGS / LIGHT).lite0.to_dict())
    return Config(reduced, filename=config.filename)
