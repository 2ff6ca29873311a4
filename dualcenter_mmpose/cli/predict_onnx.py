"""Find people in images with a model that ``dualcenter export`` wrote; neither PyTorch nor OpenMMLab is needed.

Results are a list in COCO's form, one entry a person, the best of each image first; the file that does the work,
deployment/onnx_runner.py, can be copied to where the model runs.
"""

from __future__ import annotations

import argparse

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.deployment import onnx_runner

EXAMPLES = """example:
  dualcenter predict-onnx model.onnx photo.jpg --out results.json --draw drawings
"""

add_arguments = onnx_runner.add_arguments


def run(arguments: argparse.Namespace) -> int:
    """Predict; return the exit status."""
    with bad_input(ImportError):
        results = onnx_runner.predict(**vars(arguments))
    print(onnx_runner.summarize(results, arguments.images, arguments.out))
    return DONE
