"""What every room needs and none owns.

* :mod:`~dualcenter_mmpose.utils.environment`: the installed stack, checked.
* :mod:`~dualcenter_mmpose.utils.checkpoints`: what torch's safe loader must know.
* :mod:`~dualcenter_mmpose.utils.config_files`: configs that a command line names.
* :mod:`~dualcenter_mmpose.utils.host_tools`: the installed MMPose's own tools.
* :mod:`~dualcenter_mmpose.utils.json_values`: numbers that JSON does not know.
* :mod:`~dualcenter_mmpose.utils.locations`: where package, configs and clone lie.
"""
