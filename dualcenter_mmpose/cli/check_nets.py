"""Measure what each pose-level network has learned, on the candidates that the dense maps offer it.

Confidence: rank correlation (Spearman) and mean distance to the true OKS. Similarity: how often two candidates of one
person are more similar than two of different persons. Refinement: OKS before and after. Candidates on unlabelled people
and images without annotations are left out, as in training. `--candidates training` adds to the predicted peaks the
candidates around annotated centers, true and disturbed, that the networks learn from. Images come through the config's
training pipeline, augmented as it says.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mmengine.config import DictAction

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.experiments.profiling.pose_nets import measure_pose_nets
from dualcenter_mmpose.utils.config_files import read_config
from dualcenter_mmpose.utils.files import write_json
from dualcenter_mmpose.utils.json_values import finite_or_none

EXAMPLES = """example:
  dualcenter check-nets CONFIG work_dirs/w32/stage2/epoch_20.pth --split val
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('config', type=Path, help='config of stage 2 or 3')
    add('checkpoint', type=Path, help='its checkpoint')
    add('--split', choices=['train', 'val'], default='val', help='whose images (default: val)')
    add('--candidates', choices=['peaks', 'training'], default='peaks', help='which (default: peaks)')
    add('--device', default='cuda' if torch.cuda.is_available() else 'cpu', help='default: a GPU if there is one')
    add('--out', type=Path, help='JSON file to write the measures to')
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='settings of the config')


def run(arguments: argparse.Namespace) -> int:
    """Measure; return the exit status."""
    split, source = arguments.split, arguments.candidates
    with bad_input():
        config = read_config(arguments.config, arguments.cfg_options)
        num_images, measures = measure_pose_nets(config, arguments.checkpoint, arguments.device, split, source)
        if arguments.out is not None:
            about = dict(split=split, source=source, images=num_images)
            write_json(arguments.out, finite_or_none({**about, **measures}))
    print(f'{num_images} images of the {split} split, candidates: {source}')
    for name, value in measures.items():
        print(f'{name:<42} {value:>10}' if isinstance(value, int) else f'{name:<42} {value:>10.3f}')
    return DONE
