"""Write a trained model as ONNX: image in, people out, grouping inside, standard operators only.

``dualcenter predict-onnx`` runs the result without PyTorch and OpenMMLab. ``--format torch-export`` writes the same
graph as a program of ``torch.export`` (.pt2) instead. Exit status 1 if ``--check`` finds a difference.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from dualcenter_mmpose.cli.command import DONE, FOUND_WANTING, bad_input
from dualcenter_mmpose.deployment import DeployModel, exporting, onnx_check
from dualcenter_mmpose.deployment.description import describe_model, summarize
from dualcenter_mmpose.deployment.parity import join
from dualcenter_mmpose.models.loading import load_model
from dualcenter_mmpose.utils.config_files import read_config

EXAMPLES = """example:
  dualcenter export CONFIG.py CHECKPOINT.pth --out model.onnx --size 512x512 --check photo.jpg
"""
SUFFIXES = {'onnx': '.onnx', 'torch-export': '.pt2'}
SIZE_HELP = "image size, multiples of 32; the codec's input_size by default"


def parse_size(text: str) -> tuple[int, int]:
    """Return (w, h) of ``WxH``."""
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected WxH, such as 512x512, got '{text}'")
    return int(width), int(height)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('config', type=Path, help='config that the model was trained with')
    add('checkpoint', type=Path, help='its weights')
    add('--out', type=Path, required=True, help='file to write, .onnx (or .pt2)')
    add('--format', choices=list(SUFFIXES), default='onnx', help='what to write')
    add('--size', type=parse_size, metavar='WxH', help=SIZE_HELP)
    group = parser.add_mutually_exclusive_group()
    group.add_argument('--batch', type=int, default=1, help='images at once')
    group.add_argument('--dynamic-batch', action='store_true', help='any number of images at once')
    add('--no-flip-test', action='store_true', help='leave out the mirrored images of test_cfg: half the cost')
    add('--check', type=Path, nargs='+', default=[], metavar='IMAGE', help='compare with PyTorch on these images')


def run(arguments: argparse.Namespace) -> int:
    """Export; return the exit status."""
    out, batch = arguments.out, None if arguments.dynamic_batch else arguments.batch
    with bad_input(KeyError, ImportError):
        check_options(out, arguments.format, arguments.check)
        config = read_config(arguments.config)
        check_config(config)
        model = load_model(config, arguments.checkpoint)
        network = DeployModel(model, False if arguments.no_flip_test else None)
        size = exporting.check_size(arguments.size or network.head.decoder.input_size)
        description = describe_model(network, config, size, batch)
        start = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # notices of torch's exporter, which no user can heed
            exporting.write_model(network, out, description, size, batch, as_program=arguments.format != 'onnx')
        seconds = time.monotonic() - start
        print(f'wrote {out} ({out.stat().st_size / 1e6:.1f} MB) in {seconds:.0f} s: {summarize(description)}')
        return report_check(network, out, arguments.check) if arguments.check else DONE


def check_options(out: Path, kind: str, images: Sequence[Path]) -> None:
    """Check what can be checked before anything is loaded.

    Raises:
        ValueError: for options that do not go together, or a folder that does not exist.
        ModuleNotFoundError: if a package that writes ONNX is missing.
    """
    if out.suffix != SUFFIXES[kind]:
        raise ValueError(f"--out must end in {SUFFIXES[kind]} with --format {kind}, got '{out}'")
    if images and kind != 'onnx':
        raise ValueError('--check goes with --format onnx')
    if kind == 'onnx':
        exporting.check_packages()
    if not out.parent.is_dir():
        raise ValueError(f"the folder '{out.parent}' does not exist")


def check_config(config: Config) -> None:
    """Raise ValueError unless a config's model has a head."""
    if 'type' not in ((config.get('model') or {}).get('head') or {}):
        raise ValueError(f"config '{config.filename}' has no model with a head")


def report_check(network: DeployModel, path: Path, images: Sequence[Path]) -> int:
    """Check a model on images and return the exit status."""
    print('PyTorch against ONNX Runtime:')
    parities = []
    for image, parity in zip(images, onnx_check.check_images(network, path, images)):
        print(f'  {image.name}: {onnx_check.describe(parity)}', flush=True)
        parities.append(parity)
    whole = join(parities)
    same = onnx_check.is_same(whole)
    print(f'{"same" if same else "NOT THE SAME"}: {len(images)} images, {onnx_check.describe(whole)}')
    return DONE if same else FOUND_WANTING
