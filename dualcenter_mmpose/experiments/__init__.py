"""Trainings and measurements around the method.

* :mod:`~dualcenter_mmpose.experiments.stages`: all stages of a model, one after the other.
* :mod:`~dualcenter_mmpose.experiments.reduced`: a config reduced for a CPU.
* :mod:`~dualcenter_mmpose.experiments.comparison`: methods against each other on the same images.
* :mod:`~dualcenter_mmpose.experiments.ablation`: configs over seeds.
* :mod:`~dualcenter_mmpose.experiments.profiling`: multiply-adds, time, memory.
"""
