"""The command ``dualcenter``: one sub-command for everything that the package does besides MMPose's own tools.

It stands beside the package and not in it, because importing anything of the package imports and registers all of it
with MMPose, which takes seconds; sub-commands that need neither torch nor MMPose say so before that happens.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple


class Command(NamedTuple):
    """A sub-command.

    Attributes:
        module: of ``dualcenter_mmpose.cli``, with a ``main``.
        summary: one line for the list of commands.
        is_light: whether it works without torch and MMPose.
    """

    module: str
    summary: str
    is_light: bool = False


COMMANDS = {
    'score': Command('score', 'BBP and BBR of a COCO keypoint result file', is_light=True),
    'synthesize': Command('synthesize', 'a COCO-format data set of rendered people', is_light=True),
    'take-images': Command('take_images', 'a data set of a few images of a large one'),
    'train-stages': Command('train_stages', 'train all stages of a model; resumable'),
    'check-nets': Command('check_nets', 'what the pose-level networks have learned'),
    'complexity': Command('complexity', 'parameters and multiply-adds, part by part'),
    'compare': Command('compare', 'methods against each other on the same images'),
    'ablate': Command('ablate', 'configs over seeds, with means and spreads'),
    'reduce-config': Command('reduce_config', 'a config reduced for a CPU'),
    'export': Command('export', 'a model as ONNX or as a program of torch.export'),
    'predict-onnx': Command('predict_onnx', 'find people by an exported model, without PyTorch', is_light=True),
    'export-checkpoint': Command('export_checkpoint', 'a checkpoint without what only training needed'),
    'check-fast-training': Command('check_fast_training', 'whether faster steps learn the same'),
}

LIGHT = 'DUALCENTER_WITHOUT_REGISTRATION'
"""Environment variable that keeps ``import dualcenter_mmpose`` from registering; worker processes inherit it."""


def usage() -> str:
    """Return the list of sub-commands."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:{width}}  {command.summary}' for name, command in COMMANDS.items()]
    head = 'usage: dualcenter COMMAND ...\n\ncommands (`dualcenter COMMAND --help` has options and an example):'
    return '\n'.join([head, *lines])


def main(words: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit status.

    Args:
        words: the command line without the program's name; that of the process by default.
    """
    words = list(sys.argv[1:] if words is None else words)
    if not words or words[0] in ('-h', '--help'):
        print(usage())
        return 0 if words else 2
    command = COMMANDS.get(words[0])
    if command is None:
        print(f"dualcenter: there is no command '{words[0]}'\n\n{usage()}", file=sys.stderr)
        return 2
    if command.is_light:
        os.environ[LIGHT] = '1'
    module = importlib.import_module(f'dualcenter_mmpose.cli.{command.module}')
    sys.argv = [f'dualcenter {words[0]}', *words[1:]]
    return int(module.main())


if __name__ == '__main__':
    sys.exit(main())
