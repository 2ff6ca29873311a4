"""What a model costs: its size and operations, its memory, its time.

* :mod:`~dualcenter_mmpose.experiments.profiling.counting`: parameters and multiply-adds, part by part, on shapes alone.
* :mod:`~dualcenter_mmpose.experiments.profiling.report`: these as text and for a JSON file.
* :mod:`~dualcenter_mmpose.experiments.profiling.peak`: the most memory that a computation or a process takes.
* :mod:`~dualcenter_mmpose.experiments.profiling.timing`: times of several methods that are run in turns.
"""
