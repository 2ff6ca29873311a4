"""A trained model as one graph, for programs that know nothing of MMPose.

* :mod:`~dualcenter_mmpose.deployment.deploy_model`: ``DeployModel``, images in, predicted instances out.
* :mod:`~dualcenter_mmpose.deployment.exporting`: the network as a program of ``torch.export`` and as an ONNX model.
* :mod:`~dualcenter_mmpose.deployment.description`: the metadata that a program needs to run it.
* :mod:`~dualcenter_mmpose.deployment.onnx_runner`: an ONNX model run without PyTorch, one file that can be copied out.
* :mod:`~dualcenter_mmpose.deployment.parity`: differences between two runs of it.
* :mod:`~dualcenter_mmpose.deployment.onnx_check`: an ONNX model against PyTorch, on images.
* :mod:`~dualcenter_mmpose.deployment.plain_checkpoint`: a checkpoint without what only training needed.
"""

from typing import Any

__all__ = ['DeployModel']


def __getattr__(name: str) -> Any:
    """Import the network on first use: the ONNX runner needs no torch."""
    if name == 'DeployModel':
        from dualcenter_mmpose.deployment.deploy_model import DeployModel

        return DeployModel
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
