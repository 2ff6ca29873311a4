"""Head output to instances: pure torch, no weights, batched over images, no wait for the host.

* :mod:`~dualcenter_mmpose.assembly.mirroring`: maps of the mirrored image, turned back.
* :mod:`~dualcenter_mmpose.assembly.candidates`: center peaks -> pose candidates; heatmap values at keypoints.
* :mod:`~dualcenter_mmpose.assembly.features`: the features that the pose-level networks read of a candidate.
* :mod:`~dualcenter_mmpose.assembly.similarity`: similarity of every two candidates.
* :mod:`~dualcenter_mmpose.assembly.grouping`: candidates -> groups -> instances, and the instance score.
* :mod:`~dualcenter_mmpose.assembly.decoding`: all of it in two steps, and its options.
* :mod:`~dualcenter_mmpose.assembly.training_candidates`: candidates that the pose-level networks are trained on.
* :mod:`~dualcenter_mmpose.assembly.pose_targets`: the targets of these candidates.

What passes between them is in :mod:`dualcenter_mmpose.types`.
"""
