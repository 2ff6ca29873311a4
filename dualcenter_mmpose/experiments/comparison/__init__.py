"""Methods against each other on the same images.

* :mod:`~dualcenter_mmpose.experiments.comparison.entries`: what is compared.
* :mod:`~dualcenter_mmpose.experiments.comparison.available`: the images that are there.
* :mod:`~dualcenter_mmpose.experiments.comparison.records`: what is known already.
* :mod:`~dualcenter_mmpose.experiments.comparison.runs`: one process per entry, :mod:`.worker` its work.
* :mod:`~dualcenter_mmpose.experiments.comparison.testing`: predictions of a model; :mod:`.speed`: what they cost.
* :mod:`~dualcenter_mmpose.experiments.comparison.scoring`: the numbers of a results file.
* :mod:`~dualcenter_mmpose.experiments.comparison.paper`: the paper's numbers.
* :mod:`~dualcenter_mmpose.experiments.comparison.rows`, ``tables``, ``pictures``, ``report``: what people read.
"""
