"""Layers of the head.

* :mod:`~dualcenter_mmpose.models.layers.adaptive_conv`: DEKR's adaptive convolution without a custom operator.
* :mod:`~dualcenter_mmpose.models.layers.blocks`: residual blocks of the displacement branch.
* :mod:`~dualcenter_mmpose.models.layers.branches`: heatmap branch and displacement branch.
"""
