"""A trained model as one graph, for programs that know nothing of MMPose.

* :mod:`~dualcenter_mmpose.deployment.deploy_model`: ``DeployModel``, image in, people out.
* :mod:`~dualcenter_mmpose.deployment.exporting`: the network as a program of ``torch.export`` and as an ONNX model.
* :mod:`~dualcenter_mmpose.deployment.onnx_runner`: an ONNX model run without PyTorch, one file that can be copied out.
* :mod:`~dualcenter_mmpose.deployment.parity`: how far two runs of it are apart.
"""

from typing import Any

__all__ = ['DeployModel']


def __getattr__(name: str) -> Any:
    """Import the network when it is asked for: the ONNX runner needs no torch."""
    if name == 'DeployModel':
        from dualcenter_mmpose.deployment.deploy_model import DeployModel

        return DeployModel
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
