"""The main job on synthetic people: make data, train, test, draw. `make demo` runs it.

Starts from the small checkpoint in ``checkpoints/``, trains it for one epoch on all three scales with ``mim
train``, tests it with ``mim test``, and leaves pictures and a table. Nothing is downloaded.

Example::

    python dev/demo.py --out work_dirs/demo --images 1000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dualcenter_mmpose import visualization

ROOT = Path(__file__).resolve().parent.parent
CONFIG = 'dualcenter_hrnet-w16s_demo_1xb8-1e_synthetic-256x256.py'
CHECKPOINT = ROOT / 'checkpoints' / 'dualcenter_hrnet-w16s_synthetic-256x256.pth'
MARKER = '.dualcenter_demo'
PACKAGE = 'dualcenter_mmpose'


class DemoError(RuntimeError):
    """A step that did not go through; the message says which, and where to look."""


def prepare_folder(out: Path) -> Path:
    """Return a new folder for this run inside ``out``, which this demo owns.

    Raises:
        DemoError: if ``out`` holds something else.
    """
    if out.exists() and not (out / MARKER).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise DemoError(f"'{out}' exists and is not a folder of this demo; name another one with --out")
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).touch()
    number = 1 + sum(1 for _ in out.glob('run-*'))
    run = out / f'run-{number}'
    run.mkdir()
    return run


def run_step(title: str, command: list[str], log: Path, environment: dict[str, str]) -> None:
    """Run a command, show that it lives, and keep what it prints.

    Raises:
        DemoError: if it fails.
    """
    print(f'== {title}\n   {" ".join(command)}\n   (log: {log})', flush=True)
    start = time.monotonic()
    with log.open('w') as sink:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
        while True:
            try:
                status = process.wait(timeout=20)
                break
            except subprocess.TimeoutExpired:
                print(f'   {time.monotonic() - start:4.0f} s  {last_line(log)}', flush=True)
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
                raise
    if status:
        raise DemoError(f'{title} failed with status {status}: {last_line(log)}\nThe whole log is in {log}')
    print(f'   done in {time.monotonic() - start:.0f} s', flush=True)


def last_line(log: Path) -> str:
    """Return the last line that a log holds, shortened."""
    lines = log.read_text(errors='replace').replace('\r', '\n').strip().splitlines()
    return lines[-1][:110] if lines else '...'


def mim(*words: str) -> list[str]:
    """Return a mim command of this environment."""
    return [str(Path(sys.executable).with_name('mim')), *words]


def run_demo(out: Path, num_images: int, workers: int) -> Path:
    """Run all steps and return the folder with the results.

    Args:
        out: folder of the demo; its data are made once and used again.
        num_images: synthetic images, a tenth of them for testing.
        workers: processes that make data.
    """
    run = prepare_folder(out)
    data = out / f'synthetic-{num_images}'
    environment = {
        **os.environ,
        'DUALCENTER_SYNTHETIC': str(data.resolve()),
        'DUALCENTER_DEMO_CHECKPOINT': str(CHECKPOINT),
    }
    make = [str(Path(sys.executable).with_name('dualcenter')), 'synthesize', str(data), '--images', str(num_images)]
    run_step(
        f'1/3 making {num_images} images of synthetic people',
        [*make, '--seed', '1', '--workers', str(workers)],
        run / 'data.log',
        environment,
    )
    train = mim('train', PACKAGE, CONFIG, '--work-dir', str(run / 'train'))
    run_step('2/3 training for one epoch on three scales', train, run / 'train.log', environment)
    results = run / 'predictions'
    test = mim(
        'test', PACKAGE, CONFIG, '--checkpoint', str(run / 'train' / 'epoch_1.pth'), '--work-dir', str(run / 'test')
    )
    test += ['--out', str(run / 'metrics.json'), '--cfg-options', f'test_evaluator.0.outfile_prefix={results}']
    run_step('3/3 testing', test, run / 'test.log', environment)
    draw_results(data, run, results)
    return run


def draw_results(data: Path, run: Path, results: Path) -> None:
    """Write the contact sheet and the curves."""
    annotations = data / 'annotations' / 'person_keypoints_val.json'
    visualization.draw_predictions(annotations, data / 'images', Path(f'{results}.keypoints.json'), run / 'people.png')
    scalars = next((run / 'train').rglob('scalars.json'))
    visualization.draw_curves(scalars, run / 'curves.png')


def format_table(metrics: dict[str, Any]) -> str:
    """Return the results as a table, in percent."""
    rows = [('', 'All', 'S', 'M', 'L'), ('AP (keypoints)', *_row(metrics, 'coco/AP'))]
    for size, title in (('', 'by annotated area'), (', bbox', 'by box area')):
        rows += [(f'{name} {title}', *_row(metrics, f'bbox/{name}', size)) for name in ('BBP', 'BBR')]
    return '\n'.join(f'{row[0]:<24}' + ''.join(f'{cell:>8}' for cell in row[1:]) for row in rows)


def _row(metrics: dict[str, Any], key: str, size: str = '') -> list[str]:
    names = [key, *(f'{key} ({subset}{size})' for subset in 'SML')]
    values = [metrics.get(name, -1) for name in names]
    return [f'{100 * value:.1f}' if value >= 0 else '-' for value in values]


def main() -> int:
    """Run the demo and return the exit status."""
    args = parse_args()
    start = time.monotonic()
    try:
        run = run_demo(args.out, args.images, args.workers)
    except (DemoError, OSError) as error:
        print(f'demo: {error}', file=sys.stderr)
        return 2
    metrics = json.loads((run / 'metrics.json').read_text())
    print(f'\nOn {args.images // 10} synthetic test images (percent; not a COCO number):\n\n{format_table(metrics)}\n')
    places = dict(pictures='people.png', curves='curves.png', checkpoint='train/epoch_1.pth', metrics='metrics.json')
    for what, where in places.items():
        print(f'{what:<12}{run / where}')
    print(f'{"people":<12}annotated on the left, predicted on the right\n\n{time.monotonic() - start:.0f} s in all')
    return 0


def parse_args() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=ROOT / 'work_dirs' / 'demo', help='folder for data and results')
    parser.add_argument('--images', type=int, default=1000, help='synthetic images, a tenth of them for testing')
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1, help='processes that make data')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
