"""Count parameters and multiply-adds of a config's model as the test runs it.

Nothing is computed and no weights are loaded: the model is built and run on shapes alone, one image, no mirrored
view. The result is checked against ``torch.utils.flop_counter``; exit status 1 if they disagree.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.experiments.profiling.counting import count_complexity
from dualcenter_mmpose.experiments.profiling.model_configs import load_model_config, nominal_size
from dualcenter_mmpose.experiments.profiling.report import format_report, to_record
from dualcenter_mmpose.utils.files import write_json

EXAMPLES = """examples:
  dualcenter complexity configs/dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py
  dualcenter complexity mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w48_8xb10-140e_coco-640x640.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument('config', help='config file, or mmpose::PATH for one of the installed MMPose')
    parser.add_argument('--size', metavar='WxH', help="px; the codec's input_size by default")
    parser.add_argument('--out', type=Path, metavar='JSON', help='file for the counts')


def parse_size(text: str) -> tuple[int, int]:
    """Return (w, h) of ``WxH``, or of one number for a square.

    Raises:
        ValueError: for anything else.
    """
    sides = text.lower().split('x')
    if len(sides) > 2 or not all(side.isdigit() for side in sides):
        raise ValueError(f"--size must be WxH or one number, px, got '{text}'")
    return int(sides[0]), int(sides[-1])


def run(arguments: argparse.Namespace) -> int:
    """Count; return the exit status."""
    with bad_input(KeyError):
        model = load_model_config(arguments.config)
        width, height = parse_size(arguments.size) if arguments.size else nominal_size(model)
        complexity = count_complexity(model, (width, height))
        if arguments.out is not None:
            record = dict(config=arguments.config, size=(width, height), **to_record(complexity))
            write_json(arguments.out, record)
    print(f'{arguments.config}\none image of {width} x {height} px, no mirrored view\n\n{format_report(complexity)}')
    return DONE
