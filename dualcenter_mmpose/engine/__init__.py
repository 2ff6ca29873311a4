"""Parts of a run: ``ChannelsLastHook``."""

from dualcenter_mmpose.engine.channels_last_hook import ChannelsLastHook

__all__ = ['ChannelsLastHook']
