"""Multiply-adds, time, memory, and what a training has come to.

* :mod:`~dualcenter_mmpose.experiments.profiling.counting`: a model run on shapes alone.
* :mod:`~dualcenter_mmpose.experiments.profiling.report`: what that found, in words.
* :mod:`~dualcenter_mmpose.experiments.profiling.timing`: times in turns, and what they were taken on.
* :mod:`~dualcenter_mmpose.experiments.profiling.peak`: largest memory of a run.
* :mod:`~dualcenter_mmpose.experiments.profiling.pose_nets`: what the pose-level networks have learned.
* :mod:`~dualcenter_mmpose.experiments.profiling.fast_training`: one config trained in several ways.
* :mod:`~dualcenter_mmpose.experiments.profiling.loss_curves`: their losses, compared.
* :mod:`~dualcenter_mmpose.experiments.profiling.model_configs`: the model of a config file, and its nominal size.
"""
