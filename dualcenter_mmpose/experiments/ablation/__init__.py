"""Configs trained over seeds, with means and spreads.

* :mod:`~dualcenter_mmpose.experiments.ablation.plan`: which trainings are needed for methods and seeds.
* :mod:`~dualcenter_mmpose.experiments.ablation.budget`: equal numbers of steps, however many stages a method has.
* :mod:`~dualcenter_mmpose.experiments.ablation.runs`: one training after the other, each in a process of its own.
* :mod:`~dualcenter_mmpose.experiments.ablation.side_by_side`: several of them at a time.
* :mod:`~dualcenter_mmpose.experiments.ablation.provenance`: by which commit, on which machine.
* :mod:`~dualcenter_mmpose.experiments.ablation.summary`: means, spreads and differences.
* :mod:`~dualcenter_mmpose.experiments.ablation.report`: the files for people and programs.
"""
