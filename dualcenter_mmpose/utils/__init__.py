"""What every room needs and none owns.

* :mod:`~dualcenter_mmpose.utils.environment`: the installed stack, checked.
* :mod:`~dualcenter_mmpose.utils.checkpoints`: what torch's safe loader must know.
* :mod:`~dualcenter_mmpose.utils.deprecation`: old names that still work, with a warning.
* :mod:`~dualcenter_mmpose.utils.files`: files written whole or not at all.
* :mod:`~dualcenter_mmpose.utils.host_tools`: the installed MMPose's own tools.
* :mod:`~dualcenter_mmpose.utils.locations`: where package, configs and clone lie.
* :mod:`~dualcenter_mmpose.utils.config_files`: configs read from files.
* :mod:`~dualcenter_mmpose.utils.renamed_options`: options under the names of the last release.
* :mod:`~dualcenter_mmpose.utils.files`: files written whole or not at all.
* :mod:`~dualcenter_mmpose.utils.json_values`: numbers that JSON does not have.
* :mod:`~dualcenter_mmpose.utils.processes`: a function in a process of its own.
"""
