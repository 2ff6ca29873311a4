"""Write the small twin of a config: the same method and ablation on a small network, small images and synthetic people.

The twin is an ordinary config, for `mim train`, `mim test` and every other tool; `dualcenter train-stages --small`
makes it by itself.

Example::

    dualcenter reduce-config configs/ablation/table6-row4-confidence_hrnet-w32_8xb10-20e_coco-512x512.py \
        --out small/row4.py
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

warnings.filterwarnings('ignore', category=UserWarning)

from mmengine.config import Config  # noqa: E402

from dualcenter_mmpose.experiments.stages.chain import load_config  # noqa: E402
from dualcenter_mmpose.experiments.stages.small import small_twin  # noqa: E402
from dualcenter_mmpose.utils.files import replace_file  # noqa: E402


def main() -> int:
    """Write the twin; return the exit status."""
    args = parse_args()
    try:
        if args.out.suffix != '.py':
            raise ValueError(f"--out must end in .py, got '{args.out}'")
        twin = small_twin(load_config(args.config, Config.fromfile))
        args.out.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(args.out) as temporary:
            twin.dump(temporary)
    except (OSError, ValueError) as error:
        print(f'make_small_config: {error}', file=sys.stderr)
        return 2
    print(f'wrote {args.out}')
    return 0


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path, help='config of a dual-center model on COCO keypoints')
    parser.add_argument('--out', type=Path, required=True, help='config file to write')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
