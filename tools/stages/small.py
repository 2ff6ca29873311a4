"""Small twins of config files, for tools."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from dualcenter_mmpose.configs_small import shrink_config

SMALL = 'dualcenter/synthetic/dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'


def small_twin(config: Config) -> Config:
    """Return the small twin of a loaded config.

    Raises:
        ValueError: if it has none.
    """
    # Configs lie beside the tools, in a clone and in the installed package alike.
    small = Config.fromfile(Path(__file__).resolve().parents[2] / 'configs' / SMALL)
    try:
        twin = shrink_config(config.to_dict(), small.to_dict())
    except KeyError as error:
        raise ValueError(f"a small twin needs {error}, which '{config.filename}' does not have") from error
    return Config(twin, filename=config.filename)
