"""Strip a multi-scale training checkpoint to what a plain pose estimator needs.

Drops the auxiliary heads, the optimizer and the training state. The result loads without a missing or unexpected
key into the same config with ``type='BottomupPoseEstimator'``, which this command writes as well, and predicts bit for
bit the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.deployment.plain_checkpoint import plain_config, write_plain_checkpoint
from dualcenter_mmpose.utils.config_files import read_config

EXAMPLES = """example:
  dualcenter export-checkpoint work_dirs/run/epoch_140.pth --out model.pth --config CONFIG.py --out-config plain.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('checkpoint', type=Path, help='checkpoint of a multi-scale training')
    add('--out', type=Path, required=True, help='checkpoint to write')
    add('--config', type=Path, help='the config that it was trained with')
    add('--out-config', type=Path, help='plain config to write; needs --config')
    add('--half', action='store_true', help='store weights as float16: half the size')
    add('--backbone-only', action='store_true', help='drop the head too: a start for another keypoint set')


def run(arguments: argparse.Namespace) -> int:
    """Export; return the exit status."""
    out, out_config = arguments.out, arguments.out_config
    with bad_input():
        if (arguments.config is None) != (out_config is None):
            raise ValueError('--config and --out-config go together')
        for path in filter(None, (out, out_config)):
            if path.exists():
                raise ValueError(f"'{path}' exists; remove it or name another file")
        plain = plain_config(read_config(arguments.config)) if arguments.config else None
        write_plain_checkpoint(arguments.checkpoint, out, arguments.half, arguments.backbone_only)
        if plain is not None:
            plain.dump(out_config)
    print(f'wrote {out} ({out.stat().st_size / 1e6:.1f} MB)' + (f' and {out_config}' if plain is not None else ''))
    return DONE
