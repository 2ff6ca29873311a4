"""A trained model as one graph, for programs that know nothing of MMPose.

* :mod:`~dualcenter_mmpose.deployment.people_network`: ``PeopleNetwork``, image in, people out.
* :mod:`~dualcenter_mmpose.deployment.exporting`: the network as a program of ``torch.export`` and as an ONNX model.
* :mod:`~dualcenter_mmpose.deployment.parity`: how far two runs of it are apart.
"""

from dualcenter_mmpose.deployment.people_network import PeopleNetwork

__all__ = ['PeopleNetwork']
