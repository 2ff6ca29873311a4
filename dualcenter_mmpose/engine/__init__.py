"""Parts of a run: ``ChannelsLastHook``, ``TimeBudgetHook``."""

from dualcenter_mmpose.engine.channels_last_hook import ChannelsLastHook
from dualcenter_mmpose.engine.time_budget_hook import TimeBudgetHook

__all__ = ['ChannelsLastHook', 'TimeBudgetHook']
