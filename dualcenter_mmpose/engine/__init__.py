"""Hooks of mmengine's runner.

* :mod:`~dualcenter_mmpose.engine.channels_last_hook`: ``ChannelsLastHook``, maps with channels innermost.
* :mod:`~dualcenter_mmpose.engine.compile_backbone_hook`: ``CompileBackboneHook``, a compiled backbone.
* :mod:`~dualcenter_mmpose.engine.time_budget_hook`: ``TimeBudgetHook``, the end after so many minutes or steps.
"""

from dualcenter_mmpose.engine.channels_last_hook import ChannelsLastHook
from dualcenter_mmpose.engine.compile_backbone_hook import CompileBackboneHook
from dualcenter_mmpose.engine.time_budget_hook import TimeBudgetHook

__all__ = ['ChannelsLastHook', 'CompileBackboneHook', 'TimeBudgetHook']
