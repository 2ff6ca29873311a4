"""Strip a multi-scale training checkpoint to what a plain pose estimator needs.

Drops the auxiliary heads, the optimizer and the training state. The result loads without a missing or unexpected
key into the same config with ``type='BottomupPoseEstimator'``, which this tool writes as well, and predicts bit for
bit the same.

Example::

    dualcenter export-checkpoint work_dirs/run/epoch_140.pth --out model.pth --config CONFIG.py --out-config
    plain.py
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections import OrderedDict
from copy import deepcopy
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from dualcenter_mmpose.models.pose_estimators.multi_scale_training import AUXILIARY_PREFIX, MultiScaleTraining
from dualcenter_mmpose.utils.files import replace_file

OWN_OPTIONS = tuple(
    name
    for name, parameter in signature(MultiScaleTraining.__init__).parameters.items()
    if parameter.kind is Parameter.KEYWORD_ONLY
)
"""Keyword-only arguments of multi-scale training, which a plain estimator does not take; ``head`` is shared."""


class ExportError(ValueError):
    """An input that cannot be exported; the message says why and what to do."""


def export_state(
    state: OrderedDict[str, torch.Tensor], half: bool = False, backbone_only: bool = False
) -> OrderedDict[str, torch.Tensor]:
    """Return a state dict without auxiliary heads.

    Args:
        state: of the multi-scale model; its metadata is kept, which tells MMPose the version of each part.
        half: store floating point weights as float16; loading turns them back.
        backbone_only: drop the nominal head as well.
    """
    dropped = (AUXILIARY_PREFIX, 'head.') if backbone_only else (AUXILIARY_PREFIX,)
    kept = OrderedDict((key, value) for key, value in state.items() if not key.startswith(dropped))
    if half:
        kept = OrderedDict((key, value.half() if value.is_floating_point() else value) for key, value in kept.items())
    metadata = getattr(state, '_metadata', None)
    if metadata is not None:
        kept._metadata = metadata  # type: ignore[attr-defined]
    return kept


def export_config(config: Config) -> Config:
    """Return the config of the plain estimator that a multi-scale config trains.

    Raises:
        ExportError: if the config's model is not multi-scale.
    """
    if config.model.get('type') != 'MultiScaleTrainingWrapper':
        raise ExportError(f"the config's model is '{config.model.get('type')}', not 'MultiScaleTrainingWrapper'")
    plain = deepcopy(config)
    for name in OWN_OPTIONS:
        if name != 'head':
            plain.model.pop(name, None)
    plain.model.type = 'BottomupPoseEstimator'
    plain.pop('model_wrapper_cfg', None)
    return plain


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint of mmengine's runner.

    Raises:
        ExportError: if the file is missing, broken or something else.
    """
    if not path.is_file():
        raise ExportError(f"checkpoint '{path}' does not exist")
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ExportError(f"checkpoint '{path}' cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(checkpoint, dict) or 'state_dict' not in checkpoint:
        raise ExportError(f"'{path}' is no checkpoint of a runner: it has no 'state_dict'")
    if not any(key.startswith('head.') for key in checkpoint['state_dict']):
        raise ExportError(f"'{path}' holds no pose estimator: no key of its state_dict begins with 'head.'")
    return checkpoint


def export_checkpoint(path: Path, out: Path, half: bool = False, backbone_only: bool = False) -> None:
    """Write the stripped checkpoint in one piece.

    Args:
        path: checkpoint of the training.
        out: file to write.
        half: see :func:`export_state`.
        backbone_only: likewise.
    """
    checkpoint = read_checkpoint(path)
    meta = {key: checkpoint.get('meta', {})[key] for key in ('dataset_meta',) if key in checkpoint.get('meta', {})}
    content = dict(meta=meta, state_dict=export_state(checkpoint['state_dict'], half, backbone_only))
    with replace_file(out) as temporary:
        torch.save(content, temporary)


def main() -> int:
    """Export as the command line says; return the exit status."""
    args = parse_args()
    try:
        for path in filter(None, (args.out, args.out_config)):
            if path.exists():
                raise ExportError(f"'{path}' exists; remove it or name another file")
        plain = export_config(Config.fromfile(args.config)) if args.config else None
        export_checkpoint(args.checkpoint, args.out, args.half, args.backbone_only)
        if plain is not None:
            with replace_file(args.out_config) as temporary:
                plain.dump(temporary)
    except (ExportError, OSError) as error:
        print(f'export_checkpoint: {error}', file=sys.stderr)
        return 2
    print(f'wrote {args.out} ({args.out.stat().st_size / 1e6:.1f} MB)' + (f' and {args.out_config}' if plain else ''))
    return 0


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='checkpoint of a multi-scale training')
    parser.add_argument('--out', type=Path, required=True, help='checkpoint to write')
    parser.add_argument('--config', help='the config that it was trained with')
    parser.add_argument('--out-config', type=Path, help='plain config to write; needs --config')
    parser.add_argument('--half', action='store_true', help='store weights as float16: half the size')
    parser.add_argument(
        '--backbone-only', action='store_true', help='drop the head too: a start for another keypoint set'
    )
    args = parser.parse_args()
    if (args.config is None) != (args.out_config is None):
        parser.error('--config and --out-config go together')
    return args


if __name__ == '__main__':
    sys.exit(main())
