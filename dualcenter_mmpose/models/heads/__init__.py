"""Heads.

* :mod:`~dualcenter_mmpose.models.heads.dual_center_head`: ``DualCenterHead``.
* :mod:`~dualcenter_mmpose.models.heads.bottom_up_head`: ``BottomUpHead``, what heads of bottom-up methods share.
* :mod:`~dualcenter_mmpose.models.heads.dekr_weights`: DEKR checkpoints under our names.

Adding a head: subclass ``mmpose.models.heads.base_head.BaseHead`` in a file of its own, register it with
``mmpose.registry.MODELS``, and import it here; CONTRIBUTING.md has the recipe.
"""

from dualcenter_mmpose.models.heads.dual_center_head import DualCenterHead

__all__ = ['DualCenterHead']
