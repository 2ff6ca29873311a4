"""The command ``dualcenter``: one sub-command for everything that the package does besides MMPose's own tools.

It stands beside the package and not in it, because importing anything of the package imports and registers all of it
with MMPose, which takes seconds; sub-commands that need neither torch nor MMPose are run without that.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

PACKAGE = 'dualcenter_mmpose'


class Command(NamedTuple):
    """A sub-command.

    Attributes:
        module: of ``dualcenter_mmpose.cli``; `cli/command.py` says what it has.
        summary: one line for the list of commands.
        is_light: whether it works without torch and MMPose.
    """

    module: str
    summary: str
    is_light: bool = False


COMMANDS = {
    'score': Command('score', 'BBP and BBR of a COCO keypoint result file', is_light=True),
    'synthesize': Command('synthesize', 'a COCO-format data set of rendered people', is_light=True),
    'take-images': Command('take_images', 'a data set of a few images of a large one', is_light=True),
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit status: 0 done, 1 found wanting, 2 bad input, 130 interrupted.

    Args:
        argv: command line without the program's name; that of the process by default.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ('-h', '--help'):
        print(usage())
        return 0 if argv else 2
    name = argv[0]
    command = COMMANDS.get(name)
    if command is None:
        return refuse('dualcenter', describe_unknown(name))
    with without_registration() if command.is_light else nullcontext(), quiet_packages():
        try:
            module = importlib.import_module(f'{PACKAGE}.cli.{command.module}')
        except ImportError as error:
            return refuse(f'dualcenter {name}', str(error))
        from dualcenter_mmpose.cli.command import run_command

        return run_command(f'dualcenter {name}', module, argv[1:])


def usage() -> str:
    """Return the list of sub-commands."""
    width = max(map(len, COMMANDS))
    lines = [f'  {name:{width}}  {command.summary}' for name, command in COMMANDS.items()]
    head = 'usage: dualcenter COMMAND ...\n\ncommands (`dualcenter COMMAND --help` has options and an example):'
    return '\n'.join([head, *lines])


def describe_unknown(name: str) -> str:
    """Return what to tell about a sub-command that does not exist: those with a name like it, or the way to all."""
    near = difflib.get_close_matches(name, COMMANDS, n=3)
    advice = f'did you mean {" or ".join(near)}?' if near else '`dualcenter --help` lists the commands'
    return f"there is no command '{name}': {advice}"


def refuse(prog: str, message: str) -> int:
    """Say what is wrong, as every sub-command does, and return the exit status."""
    with without_registration():  # what is wrong may be the packages that registering needs
        from dualcenter_mmpose.cli import command

        return command.refuse(prog, message)


@contextmanager
def without_registration() -> Iterator[None]:
    """Let what is imported inside, here and in worker processes, do without torch and MMPose.

    Afterwards the environment is as before, and modules of the package that were imported inside are forgotten, so
    that ``import dualcenter_mmpose`` registers as ever. Limits: a package that has been imported before stays as it
    is; another thread that imports it meanwhile gets it without registration; a class of a module that is forgotten is
    another one than that of the module imported anew, so nothing of the package may be kept from inside.
    """
    before = os.environ.get(LIGHT)
    was_imported = PACKAGE in sys.modules
    os.environ[LIGHT] = '1'
    try:
        yield
    finally:
        if before is None:
            del os.environ[LIGHT]
        else:
            os.environ[LIGHT] = before
        if not was_imported:
            for name in [name for name in sys.modules if name.split('.')[0] == PACKAGE]:
                del sys.modules[name]


@contextmanager
def quiet_packages() -> Iterator[None]:
    """Leave out warnings of the packages underneath, which no user can heed; those of this package are shown."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', category=UserWarning)
        warnings.filterwarnings('default', category=UserWarning, module=PACKAGE)
        yield


if __name__ == '__main__':
    sys.exit(main())
