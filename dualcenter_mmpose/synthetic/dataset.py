"""Making a data set: every image on its own, by many processes.

Every image has random numbers of its own, seeded by (seed, index), so the set does not depend on who makes which image.
`folder` keeps account of what is finished.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from .annotate import annotate
from .compose import compose
from .degrade import degrade, encode_jpeg, sample_quality
from .folder import finish_folder, image_path, is_finished, make_info, open_folder, part_path, write_whole
from .layout import plan_layout
from .layout_file import LayoutImage, read_layout
from .planning import plan_scene, sample_image_size
from .settings import Settings

_CHUNK = 8  # images handed to a process at once


class Summary(NamedTuple):
    """What a call did: images in the set, and how many of them it made itself."""

    num_images: int
    num_made: int


class _Job:
    """One process's share of the work: everything needed to make any image of the set."""

    def __init__(self, folder: Path, settings: Settings, layouts: list[LayoutImage] | None) -> None:
        self.folder, self.settings, self.layouts = folder, settings, layouts

    def make(self, idx: int) -> None:
        """Write image `idx` and, after it, the file that says it is finished."""
        encoded, entry = make_image(idx, self.settings, self.layouts)
        write_whole(image_path(self.folder, idx), encoded)
        part = part_path(self.folder, idx)
        if part.parent.is_dir():  # gone when only a lost image of a finished set is made again
            write_whole(part, json.dumps(entry).encode())


_job: _Job | None = None  # of this process, if it is a worker


def make_image(idx: int, settings: Settings, layouts: list[LayoutImage] | None = None) -> tuple[bytes, dict[str, Any]]:
    """Return image `idx` of a set as the bytes of a JPEG file, and its COCO entries (annotations without ids)."""
    rng = np.random.default_rng(np.random.SeedSequence([settings.seed, idx]))
    entry: dict[str, Any] = {'id': idx + 1, 'file_name': f'{idx + 1:012d}.jpg'}
    turn = settings.layout_turn(idx)
    if layouts is None or turn is None:
        width, height = sample_image_size(rng, settings.size)
        scene = plan_scene(rng, width, height, settings.people)
    else:
        layout = layouts[turn % len(layouts)]
        scene = plan_layout(rng, layout)
        entry['layout_image_id'] = layout.image_id
    entry.update(width=scene.width, height=scene.height)
    picture = compose(scene, rng)
    annotations = annotate(scene, picture, rng)
    image = degrade(picture.image, rng)
    encoded = encode_jpeg(image, sample_quality(rng)).tobytes()
    return encoded, {'image': entry, 'annotations': annotations}


def make_dataset(
    out: str | Path, settings: Settings, num_workers: int | None = None, progress: bool = False
) -> Summary:
    """Write a data set into a folder, or finish one that was begun there with the same settings.

    Args:
        out: The folder; it may be missing or empty.
        settings: What decides the contents.
        num_workers: Processes, as many as CPUs are available by default; the contents do not depend on it.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If a setting or the layout file is wrong.
        FileNotFoundError: If the layout file is missing.
        FileExistsError: If the folder holds something that these settings did not begin.
    """
    settings.check()
    layouts = read_layout(settings.layout) if settings.layout is not None else None
    folder = Path(out)
    is_complete = open_folder(folder, make_info(settings))
    missing = [idx for idx in range(settings.num_images) if not is_finished(folder, idx, is_complete)]
    if missing:
        workers = min(num_workers or count_cpus(), -(-len(missing) // _CHUNK))
        steps = _run(_Job(folder, settings, layouts), missing, max(1, workers))
        bar = tqdm(
            steps,
            total=settings.num_images,
            initial=settings.num_images - len(missing),
            unit='image',
            disable=not progress,
        )
        for _ in bar:
            pass
    if not is_complete:
        finish_folder(folder, settings)
    return Summary(settings.num_images, len(missing))


def count_cpus() -> int:
    """Return the number of CPUs this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(job: _Job, indices: list[int], num_workers: int) -> Iterator[int]:
    """Yield the indices of images as they are finished, here or by as many processes as asked for."""
    if num_workers == 1:
        with _one_thread():
            for idx in indices:
                job.make(idx)
                yield idx
        return
    chunks = [indices[first : first + _CHUNK] for first in range(0, len(indices), _CHUNK)]
    with _quiet_libraries():
        # Spawned, not forked: the caller may have threads, with which a forked process can hang.
        context = multiprocessing.get_context('spawn')
        pool = ProcessPoolExecutor(num_workers, context, _start_worker, (job,))
        try:
            futures: list[Future[list[int]]] = [pool.submit(_make_chunk, chunk) for chunk in chunks]
            for future in as_completed(futures):
                yield from future.result()
        except BrokenProcessPool as error:
            raise ValueError(
                'a worker process ended unexpectedly (out of memory?); run the same command again to go on, '
                'with fewer workers if it happens again'
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(job: _Job) -> None:
    """Prepare a worker process: one thread, and interrupts left to the parent, which stops it between two chunks."""
    global _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    _job = job


def _make_chunk(indices: list[int]) -> list[int]:
    assert _job is not None
    for idx in indices:
        _job.make(idx)
    return indices


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Have the processes started meanwhile compute in one thread each: they share the CPUs among themselves."""
    names = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
