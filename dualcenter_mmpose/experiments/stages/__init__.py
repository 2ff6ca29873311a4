"""All stages of a model, trained one after the other.

* :mod:`~dualcenter_mmpose.experiments.stages.chain`: the configs of the stages.
* :mod:`~dualcenter_mmpose.experiments.stages.options`: what is changed in them for a training.
* :mod:`~dualcenter_mmpose.experiments.stages.data`: other data.
* :mod:`~dualcenter_mmpose.experiments.stages.record`: what is done.
* :mod:`~dualcenter_mmpose.experiments.stages.run`: the training.
"""
