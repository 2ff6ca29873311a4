"""Find people by an exported ONNX model."""

from dualcenter_mmpose.deployment.onnx_runner import main

__all__ = ['main']
