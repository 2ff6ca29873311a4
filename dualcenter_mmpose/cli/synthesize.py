"""Write a COCO-format data set of synthetic people.

Example:
    dualcenter synthesize data/synthetic --images 2000 --seed 0

writes ``data/synthetic/images/*.jpg`` and
``data/synthetic/annotations/person_keypoints_{train,val}.json``. The same seed gives the same
set, whatever the number of workers. Interrupted, the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from dualcenter_mmpose.synthetic import dataset
from dualcenter_mmpose.synthetic.settings import Settings


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='folder to write; missing, empty, or begun by the same command')
    parser.add_argument('--images', type=int, required=True, metavar='N', help='number of images')
    parser.add_argument('--seed', type=int, default=0, metavar='S', help='default: 0')
    parser.add_argument(
        '--val-images', type=int, metavar='M', help='how many of the N are for validation; default: N // 10'
    )
    parser.add_argument('--size', type=int, metavar='PX', help='long side of the images; default: 512')
    parser.add_argument(
        '--people', type=int, nargs=2, metavar=('MIN', 'MAX'), help='bounds on the people placed in an image'
    )
    parser.add_argument('--layout', metavar='ANN.json', help='take sizes, places and poses from a COCO keypoint file')
    parser.add_argument(
        '--layout-share',
        type=float,
        default=1.0,
        metavar='F',
        help='of the images that follow the layout, evenly among them; the others are sampled; default: 1',
    )
    parser.add_argument('--workers', type=int, metavar='W', help='processes; default: the CPUs available')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status: 0 done, 2 wrong input, 130 interrupted."""
    args = parse_args(argv)
    try:
        settings = _settings_of(args)
        start = time.perf_counter()
        summary = dataset.make_dataset(args.out, settings, args.workers, progress=True)
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('\ninterrupted; run the same command again to go on', file=sys.stderr)
        return 130
    seconds = time.perf_counter() - start
    speed = f', {summary.num_made / seconds:.1f} images/s' if summary.num_made else ' (it was complete)'
    print(f'{summary.num_images} images in {args.out}: {summary.num_made} made in {seconds:.1f} s{speed}')
    return 0


def _settings_of(args: argparse.Namespace) -> Any:
    if args.layout is not None and args.layout_share == 1 and args.size is not None:
        raise ValueError('--layout brings its own image sizes: leave --size out')
    if args.workers is not None and args.workers < 1:
        raise ValueError(f'--workers must be at least 1, got {args.workers}')
    return Settings(
        num_images=args.images,
        seed=args.seed,
        num_val_images=args.val_images,
        size=512 if args.size is None else args.size,
        people=tuple(args.people) if args.people else None,
        layout=args.layout,
        layout_share=args.layout_share,
    )


if __name__ == '__main__':
    sys.exit(main())
