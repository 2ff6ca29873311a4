"""A config reduced for a CPU.

* :mod:`~dualcenter_mmpose.experiments.reduced.reduce`: the same method on a small network, small images and small data.
* :mod:`~dualcenter_mmpose.experiments.reduced.light_backbone`: the same with a light backbone and ImageNet weights.
* :mod:`~dualcenter_mmpose.experiments.reduced.from_shipped`: both, with the shipped configs that they take sizes from.
"""
