"""Write the reduced config of a config: the same method and ablation on a small network, small synthetic images.

The result is an ordinary config, for `mim train`, `mim test` and every other tool; `dualcenter train-stages --small`
makes it by itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmengine.config import Config

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.experiments.reduced.from_shipped import reduced_config
from dualcenter_mmpose.experiments.stages.chain import load_config
from dualcenter_mmpose.utils.files import replacing

EXAMPLES = """example:
  dualcenter reduce-config configs/ablation/table6-row4-confidence_hrnet-w32_8xb10-20e_coco-512x512.py \\
      --out small/row4.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument('config', type=Path, help='config of a dual-center model on COCO keypoints')
    parser.add_argument('--out', type=Path, required=True, help='config file to write')


def run(arguments: argparse.Namespace) -> int:
    """Write the reduced config; return the exit status."""
    with bad_input():
        if arguments.out.suffix != '.py':
            raise ValueError(f"--out must end in .py, got '{arguments.out}'")
        reduced = reduced_config(load_config(arguments.config, Config.fromfile))
        with replacing(arguments.out) as draft:
            reduced.dump(draft)
    print(f'wrote {arguments.out}')
    return DONE
