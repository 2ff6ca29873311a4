"""Head output to instances: pure torch, no weights, batched over images, no wait for the host.

* :mod:`~dualcenter_mmpose.assembly.mirroring`: maps of the mirrored image, turned back.
* :mod:`~dualcenter_mmpose.assembly.candidates`: center peaks -> pose candidates; heatmap values at keypoints.
* :mod:`~dualcenter_mmpose.assembly.features`: what the pose-level networks read of a candidate.
* :mod:`~dualcenter_mmpose.assembly.similarity`: how similar two poses are.
* :mod:`~dualcenter_mmpose.assembly.grouping`: candidates -> groups -> instances, and the instance score.
* :mod:`~dualcenter_mmpose.assembly.decoding`: all of it in two steps, and its options.
* :mod:`~dualcenter_mmpose.assembly.training_candidates`: candidates that the pose-level networks learn from.
* :mod:`~dualcenter_mmpose.assembly.pose_targets`: what these candidates should have been.

What passes between them is in :mod:`dualcenter_mmpose.types`.
"""
