"""Count parameters and multiply-adds of a config's model as the test runs it.

Nothing is computed and no weights are loaded: the model is built and run on shapes alone, one image, no mirrored
view. ``torch.utils.flop_counter`` counts.

Example::

    dualcenter complexity configs/dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py
    dualcenter complexity mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w48_8xb10-140e_coco-640x640.py
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

warnings.filterwarnings('ignore', category=UserWarning)

from mmengine.config import Config  # noqa: E402
from mmengine.hub import get_config  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402

import dualcenter_mmpose  # noqa: E402, F401  (registers the head and its parts)
from dualcenter_mmpose.experiments.profiling.counting import count_complexity  # noqa: E402
from dualcenter_mmpose.experiments.profiling.report import format_report, to_record  # noqa: E402
from dualcenter_mmpose.utils.files import write_json  # noqa: E402


def load_model_config(name: str) -> Mapping[str, Any]:
    """Return the model of a config file, or of one of an OpenMMLab package (``mmpose::...``).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, or holds no bottom-up model.
    """
    if '::' not in name and not Path(name).is_file():
        raise FileNotFoundError(f"config '{name}' does not exist")
    try:
        config = get_config(name) if '::' in name else Config.fromfile(name)
    except SyntaxError as error:
        raise ValueError(f"config '{name}' cannot be read: {error}") from error
    init_default_scope(config.get('default_scope') or 'mmpose')
    if 'head' not in config.get('model', {}):
        raise ValueError(f"config '{name}' has no model with a head")
    model: Mapping[str, Any] = config.model
    return model


def parse_size(text: str) -> tuple[int, int]:
    """Return (w, h) of ``WxH``, or of one number for a square.

    Raises:
        ValueError: for anything else.
    """
    sides = text.lower().split('x')
    if len(sides) > 2 or not all(side.isdigit() for side in sides):
        raise ValueError(f"--size must be WxH or one number, px, got '{text}'")
    return int(sides[0]), int(sides[-1])


def nominal_size(model: Mapping[str, Any]) -> tuple[int, int]:
    """Return (w, h) that a model's codec is made for.

    Raises:
        ValueError: if it does not say.
    """
    size = (model['head'].get('decoder') or {}).get('input_size')
    if size is None:
        raise ValueError("the head's decoder has no input_size; give --size WxH")
    return int(size[0]), int(size[1])


def main() -> int:
    """Count as the command line says; return 0, 2 for bad input."""
    args = parse_args()
    try:
        model = load_model_config(args.config)
        size = parse_size(args.size) if args.size else nominal_size(model)
        complexity = count_complexity(model, size)
        if args.out is not None:
            write_json(args.out, dict(config=args.config, size=size, **to_record(complexity)))
    except (OSError, KeyError, ValueError) as error:
        print(f'complexity: {error}', file=sys.stderr)
        return 2
    print(f'{args.config}\none image of {size[0]} x {size[1]} px, no mirrored view\n\n{format_report(complexity)}')
    return 0


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or mmpose::PATH for one of the installed MMPose')
    parser.add_argument('--size', metavar='WxH', help="px; the codec's input_size by default")
    parser.add_argument('--out', type=Path, metavar='JSON', help='file for the counts')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
