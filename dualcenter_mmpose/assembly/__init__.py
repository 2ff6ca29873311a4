"""Head output to people: pure torch, no weights, batched over images, no wait for the host.

* :mod:`~dualcenter_mmpose.types`: the intermediate results.
* :mod:`~dualcenter_mmpose.assembly.candidates`: center peaks -> pose candidates; heat at keypoints.
* :mod:`~dualcenter_mmpose.assembly.similarity`: how alike two poses are.
* :mod:`~dualcenter_mmpose.assembly.grouping`: candidates -> groups -> people.
* :mod:`~dualcenter_mmpose.assembly.decoding`: all of it in one call, and its options.
"""
