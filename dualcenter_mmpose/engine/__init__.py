"""Parts of a run: ``ChannelsLastHook``, ``CompileBackboneHook``, ``TimeBudgetHook``."""

from dualcenter_mmpose.engine.channels_last_hook import ChannelsLastHook
from dualcenter_mmpose.engine.compile_backbone_hook import CompileBackboneHook
from dualcenter_mmpose.engine.time_budget_hook import TimeBudgetHook

__all__ = ['ChannelsLastHook', 'CompileBackboneHook', 'TimeBudgetHook']
