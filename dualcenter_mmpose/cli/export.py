"""Write a trained model as ONNX: image in, people out, grouping inside, standard operators only.

``dualcenter predict-onnx`` runs the result without PyTorch and OpenMMLab. ``--format torch-export`` writes the same
graph as a program of ``torch.export`` (.pt2) instead.

Example::

    dualcenter export CONFIG.py CHECKPOINT.pth --out model.onnx --size 512x512 --check photo.jpg
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS

from dualcenter_mmpose import __version__
from dualcenter_mmpose.cli.export_checkpoint import ExportError, read_checkpoint
from dualcenter_mmpose.deployment import DeployModel, exporting
from dualcenter_mmpose.deployment import onnx_runner as predict_onnx
from dualcenter_mmpose.deployment.parity import Parity, compare, join
from dualcenter_mmpose.keypoints.metainfo import COCO_METAINFO
from dualcenter_mmpose.models.pose_estimators.multi_scale_training import AUXILIARY_PREFIX
from dualcenter_mmpose.utils.files import write_bytes

SUFFIXES = {'onnx': '.onnx', 'torch-export': '.pt2'}
TOLERANCE = 1e-3
"""Largest difference between PyTorch and ONNX Runtime that ``--check`` lets pass, input px."""


def load_model(config: Config, checkpoint: Path) -> Any:
    """Return the model of a config with the weights of a checkpoint, in test mode.

    Raises:
        ExportError: if the checkpoint is missing, broken, or of another model: each weight must be there.
    """
    state = read_checkpoint(checkpoint)['state_dict']
    init_default_scope('mmpose')
    model = MODELS.build(config.model)
    told = f"checkpoint '{checkpoint}' does not fit '{config.filename}'"
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except (RuntimeError, ValueError) as error:
        raise ExportError(f'{told}: {" ".join(str(error).split())[:400]}') from error
    for what, keys in (('lacks', missing), ('has beyond it', unexpected)):
        keys = [key for key in keys if not key.startswith(AUXILIARY_PREFIX)]
        if keys:
            raise ExportError(
                f'{told}: it {what} {len(keys)} weights, such as {", ".join(keys[:3])}; use the config it was '
                'trained with'
            )
    return model.eval()


def describe_model(network: DeployModel, config: Config, size: tuple[int, int], batch: int | None) -> dict[str, Any]:
    """Return what a program needs to know to run the exported model.

    Args:
        network: the network.
        config: its config.
        size: (w, h) px of the images.
        batch: images at once, ``None`` for any number.
    """
    codec = network.head.decoder
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # MMPose tells that it takes its own copy of a metainfo file
        metainfo = parse_pose_metainfo(dict(config.model.head.decoder.get('metainfo', COCO_METAINFO)))
    return dict(
        version=__version__,
        config=Path(config.filename).stem,
        input_size=list(size),
        batch_size=batch,
        channel_order='BGR',
        resize_mode='fit',
        keypoint_set=codec.layout.name,
        keypoint_names=list(codec.layout.keypoint_names),
        skeleton_links=[[int(end) for end in link] for link in metainfo['skeleton_links']],
        flip_test=network.flip_test,
        pose_nets=sorted(network.head.pose_nets.nets) if network.head.pose_nets is not None else [],
        decoding={name: getattr(codec.decoding, name) for name in codec.decoding.__dataclass_fields__},
    )


def export(network: DeployModel, out: Path, description: dict[str, Any], size: tuple[int, int], args: Any) -> None:
    """Write the network to ``out`` in one piece, as the command line says."""
    program = exporting.trace(network, size, args.batch, args.dynamic_batch)
    if args.format == 'torch-export':
        exporting.write_program(program, out, description)
        return
    model = exporting.to_onnx(program)
    exporting.describe(model, description)
    write_bytes(out, model.SerializeToString())


def check(network: DeployModel, path: Path, images: Sequence[Path]) -> Parity:
    """Return how far ONNX Runtime and PyTorch are apart on images, in input px, and print it for each."""
    model = predict_onnx.Model(path)
    parities = []
    for image_path in images:
        image = predict_onnx.read_image(image_path)
        warp = predict_onnx.make_warp((image.shape[1], image.shape[0]), model.input_size)
        batch = model.stack([predict_onnx.warp_image(image, warp, model.input_size)])
        with torch.no_grad():
            expected = {name: value.numpy() for name, value in network(torch.from_numpy(batch)).items()}
        parity = compare(_first(expected), _first(model.run(batch)))
        print(f'  {image_path.name}: {_format(parity)}', flush=True)
        parities.append(parity)
    return join(parities)


def _first(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the outputs of the first image; the others fill up the batch."""
    return {name: values[:1] for name, values in outputs.items()}


def _format(parity: Parity) -> str:
    unequal = f', number of people differs in {parity.num_unequal} images' if parity.num_unequal else ''
    return (
        f'{parity.num_people} people, keypoints within {parity.keypoints:.2g} px, their scores within '
        f'{parity.keypoint_scores:.2g}, scores within {parity.scores:.2g}{unequal}'
    )


def main() -> int:
    """Export as the command line says; return the exit status."""
    args = parse_args()
    try:
        if args.format == 'onnx':
            exporting.check_packages()
        if not args.out.parent.is_dir():
            raise ExportError(f"the folder '{args.out.parent}' does not exist")
        config = read_config(args.config)
        network = DeployModel(load_model(config, args.checkpoint), False if args.no_flip_test else None)
        size = exporting.check_size(args.size or network.head.decoder.input_size)
        description = describe_model(network, config, size, None if args.dynamic_batch else args.batch)
        start = time.monotonic()
        export(network, args.out, description, size, args)
        seconds = time.monotonic() - start
        print(f'wrote {args.out} ({args.out.stat().st_size / 1e6:.1f} MB) in {seconds:.0f} s: {summarize(description)}')
        if args.check:
            return report_check(network, args.out, args.check)
    except (ExportError, predict_onnx.PredictError, ValueError, KeyError, ImportError, OSError) as error:
        print(f'export_onnx: {error}', file=sys.stderr)
        return 2
    return 0


def read_config(path: Path) -> Config:
    """Return a config of ours.

    Raises:
        ExportError: if the file is missing, or its model has another head.
    """
    if not path.is_file():
        raise ExportError(f"config '{path}' does not exist")
    config = Config.fromfile(path)
    head = config.get('model', ConfigDict()).get('head', ConfigDict()).get('type')
    if head is None:
        raise ExportError(f"config '{path}' has no model with a head")
    return config


def summarize(description: dict[str, Any]) -> str:
    """Return a description in a line."""
    width, height = description['input_size']
    batch = description['batch_size'] or 'any number of'
    flip = ', with mirrored images' if description['flip_test'] else ''
    return f'{batch} uint8 {description["channel_order"]} images of {width}x{height}{flip}, opset {exporting.OPSET}'


def report_check(network: DeployModel, path: Path, images: Sequence[Path]) -> int:
    """Check a model on images and return the exit status."""
    print('PyTorch against ONNX Runtime:')
    parity = check(network, path, images)
    is_same = parity.keypoints <= TOLERANCE and not parity.num_unequal
    print(f'{"same" if is_same else "NOT THE SAME"}: {len(images)} images, {_format(parity)}')
    return 0 if is_same else 1


def parse_size(text: str) -> tuple[int, int]:
    """Return (w, h) of ``WxH``."""
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected WxH, such as 512x512, got '{text}'")
    return int(width), int(height)


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path, help='config that the model was trained with')
    parser.add_argument('checkpoint', type=Path, help='its weights')
    parser.add_argument('--out', type=Path, required=True, help='file to write, .onnx (or .pt2)')
    parser.add_argument('--format', choices=list(SUFFIXES), default='onnx', help='what to write')
    parser.add_argument(
        '--size', type=parse_size, metavar='WxH', help="image size, multiples of 32; the codec's input_size by default"
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument('--batch', type=int, default=1, help='images at once')
    group.add_argument('--dynamic-batch', action='store_true', help='any number of images at once')
    parser.add_argument(
        '--no-flip-test', action='store_true', help='leave out the mirrored images of test_cfg: half the cost'
    )
    parser.add_argument(
        '--check', type=Path, nargs='+', default=[], metavar='IMAGE', help='compare with PyTorch on these images'
    )
    args = parser.parse_args()
    if args.out.suffix != SUFFIXES[args.format]:
        parser.error(f"--out must end in {SUFFIXES[args.format]} with --format {args.format}, got '{args.out}'")
    if args.check and args.format != 'onnx':
        parser.error('--check goes with --format onnx')
    return args


if __name__ == '__main__':
    # Notices of the packages underneath, which nobody who exports a model can heed.
    warnings.simplefilter('ignore')
    sys.exit(main())
