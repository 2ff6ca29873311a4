"""Keypoint sets: names, mirror pairs and OKS sigmas.

* :mod:`~dualcenter_mmpose.keypoints.layout`: what the method needs to know of a keypoint set.
* :mod:`~dualcenter_mmpose.keypoints.metainfo`: how it is read from MMPose's metainfo.
"""
