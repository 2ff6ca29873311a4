"""Write a COCO-format data set of synthetic people.

Writes OUT/images/*.jpg and OUT/annotations/person_keypoints_{train,val}.json. The same seed gives the same set,
whatever the number of workers. Interrupted, the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import time

from dualcenter_mmpose.cli.command import DONE, bad_input
from dualcenter_mmpose.synthetic import dataset
from dualcenter_mmpose.synthetic.settings import Settings

EXAMPLES = """example:
  dualcenter synthesize data/synthetic --images 2000 --seed 0
"""
IS_RESUMABLE = True
SHARE_HELP = 'of the images that follow the layout, evenly among them; the others are sampled; default: 1'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add('out', help='folder to write; missing, empty, or begun by the same command')
    add('--images', type=int, required=True, metavar='N', help='number of images')
    add('--seed', type=int, default=0, metavar='S', help='default: 0')
    add('--val-images', type=int, metavar='M', help='how many of the N are for validation; default: N // 10')
    add('--size', type=int, metavar='PX', help='long side of the images; default: 512')
    add('--people', type=int, nargs=2, metavar=('MIN', 'MAX'), help='bounds on the people placed in an image')
    add('--layout', metavar='ANN.json', help='take sizes, places and poses from a COCO keypoint file')
    add('--layout-share', type=float, default=1.0, metavar='F', help=SHARE_HELP)
    add('--workers', type=int, metavar='W', help='processes; default: the CPUs available')


def run(arguments: argparse.Namespace) -> int:
    """Make the data set; return the exit status."""
    with bad_input():
        settings = read_settings(arguments)
        start = time.perf_counter()
        summary = dataset.make_dataset(arguments.out, settings, arguments.workers, progress=True)
    seconds = time.perf_counter() - start
    speed = f', {summary.num_made / seconds:.1f} images/s' if summary.num_made else ' (it was complete)'
    print(f'{summary.num_images} images in {arguments.out}: {summary.num_made} made in {seconds:.1f} s{speed}')
    return DONE


def read_settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the options ask for.

    Raises:
        ValueError: for options that do not go together or are out of range.
    """
    if arguments.layout is not None and arguments.layout_share == 1 and arguments.size is not None:
        raise ValueError('--layout brings its own image sizes: leave --size out')
    if arguments.workers is not None and arguments.workers < 1:
        raise ValueError(f'--workers must be at least 1, got {arguments.workers}')
    return Settings(
        num_images=arguments.images,
        seed=arguments.seed,
        num_val_images=arguments.val_images,
        size=512 if arguments.size is None else arguments.size,
        people=tuple(arguments.people) if arguments.people else None,
        layout=arguments.layout,
        layout_share=arguments.layout_share,
    )
