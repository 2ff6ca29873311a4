"""Parts of a run: ``ChannelsLastHook``, ``CompileBackboneHook``."""

from dualcenter_mmpose.engine.channels_last_hook import ChannelsLastHook
from dualcenter_mmpose.engine.compile_backbone_hook import CompileBackboneHook

__all__ = ['ChannelsLastHook', 'CompileBackboneHook']
