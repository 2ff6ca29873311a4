"""The train loader: MMPose's DEKR pipeline against ours, on the same images, by two workers and in this process.

Pictures are synthetic people by default. ``DUALCENTER_BENCH_COCO=ANN.json:IMAGE_DIR`` names others (``;`` instead of
``:`` on Windows).
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import cv2
import mmpose
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import DATASETS

from benchmarks.per_unit import per_unit
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns
from dualcenter_mmpose.synthetic.dataset import make_dataset
from dualcenter_mmpose.synthetic.folder import GENERATOR_VERSION
from dualcenter_mmpose.synthetic.settings import Settings

SIZE, BATCH, WORKERS = 512, 8, 2
IMAGES, LONG_SIDE = 64, 640
"""Synthetic images, and their long side in px; COCO's is 640."""
SOURCE_VARIABLE = 'DUALCENTER_BENCH_COCO'
BASELINE = 'configs/body_2d_keypoint/dekr/coco/dekr_hrnet-w32_8xb10-140e_coco-512x512.py'
OURS = 'configs/dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py'


@dataclass(frozen=True)
class Pictures:
    """An annotation file in COCO's format, its images, and what to call them."""

    ann_file: str
    folder: str
    name: str


def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return milliseconds per image; loaders work on the CPU, whatever the device.

    Args:
        device: not used.
        repeats: counted epochs; a third of them, as each takes a second.
    """
    rounds = max(repeats // 3, 1)
    with _as_in_training():
        datasets, name = make_datasets(find_pictures())
        count = len(next(iter(datasets.values())))
        tables = {}
        for workers, place in ((WORKERS, f'{WORKERS} workers'), (0, 'in this process')):
            epochs = {key: _epoch(dataset, workers, _gathering(key)) for key, dataset in datasets.items()}
            # The first round starts the workers, who then stay.
            tables[f'one image of {name}; batch {BATCH}, {place}'] = per_unit(time_in_turns(epochs, rounds), count)
    return tables


def find_pictures() -> Pictures:
    """Return the pictures that the environment variable names, else synthetic people, made once a machine.

    Raises:
        ValueError: if the variable does not hold two paths.
        FileNotFoundError: if one of them does not exist.
    """
    named = os.environ.get(SOURCE_VARIABLE)
    if named is None:
        folder = Path(tempfile.gettempdir()) / f'dualcenter_benchmark_{IMAGES}x{LONG_SIDE}_v{GENERATOR_VERSION}'
        # In this process: others would first import all that this one has.
        make_dataset(folder, Settings(IMAGES, num_val_images=0, size=LONG_SIDE), num_workers=1)
        ann_file = folder / 'annotations' / 'person_keypoints_train.json'
        return Pictures(str(ann_file), str(folder / 'images'), f'synthetic people, {LONG_SIDE} px')
    paths = named.split(os.pathsep)
    if len(paths) != 2:
        raise ValueError(f"{SOURCE_VARIABLE} must be 'ANN.json{os.pathsep}IMAGE_DIR', but is '{named}'")
    for path in paths:
        if not os.path.exists(path):
            raise FileNotFoundError(f"{SOURCE_VARIABLE} names '{path}', which does not exist")
    return Pictures(paths[0], paths[1], SOURCE_VARIABLE)


def make_datasets(pictures: Pictures) -> tuple[dict[str, Any], str]:
    """Return the methods' data sets, all of the same images, and a description of these.

    Images that MMPose's pipeline cannot prepare are left out for all.
    """
    baseline = Config.fromfile(str(Path(mmpose.__file__).parent / '.mim' / BASELINE))
    ours = Config.fromfile(str(Path(__file__).resolve().parents[1] / OURS))
    datasets = {
        "mmpose's DEKR": _build(baseline, pictures),
        'ours, one level': _build(ours, pictures, (SIZE, SIZE)),
        'ours, three levels (twice the side)': _build(ours, pictures),
    }
    common = set.intersection(*({_image_id(d, idx) for idx in range(len(d))} for d in datasets.values()))
    usable = _prepared(datasets["mmpose's DEKR"], common)
    for dataset in datasets.values():
        dataset.get_subset_([idx for idx in range(len(dataset)) if _image_id(dataset, idx) in usable])
    people = np.mean([_count_people(datasets['ours, one level'], idx) for idx in range(len(usable))])
    num_left_out = len(common) - len(usable)
    left_out = f', without {num_left_out} that mmpose cannot prepare' if num_left_out else ''
    return datasets, f'{len(usable)} ({pictures.name}, {people:.1f} labelled persons each{left_out})'


def _build(config: Any, pictures: Pictures, input_size: tuple[int, int] | None = None) -> Any:
    dataset = copy.deepcopy(config.train_dataloader.dataset.to_dict())
    dataset.update(data_root='', ann_file=pictures.ann_file, data_prefix=dict(img=pictures.folder))
    for transform in dataset['pipeline']:
        if input_size is not None and transform['type'].endswith('BottomupRandomAffine'):
            transform['input_size'] = input_size
    with contextlib.redirect_stdout(io.StringIO()):
        return DATASETS.build(dataset)


def _image_id(dataset: Any, idx: int) -> int:
    return dataset.get_data_info(idx)['img_id']


def _count_people(dataset: Any, idx: int) -> int:
    return int((dataset.get_data_info(idx)['keypoints_visible'] > 0).any(axis=1).sum())


def _prepared(dataset: Any, image_ids: set[int]) -> set[int]:
    """Return those of the images that go through the data set's pipeline."""
    usable = set()
    for idx in range(len(dataset)):
        if _image_id(dataset, idx) in image_ids:
            # A pipeline may fail with any error.
            with contextlib.suppress(Exception):
                dataset.prepare_data(idx)
                usable.add(_image_id(dataset, idx))
    return usable


def _gathering(name: str) -> dict[str, Any]:
    """Return how a method's config gathers samples into batches; MMPose's leaves that to mmengine."""
    if not name.startswith('ours'):
        return {}
    ours = Config.fromfile(str(Path(__file__).resolve().parents[1] / OURS))
    return dict(collate_fn=ours.train_dataloader.collate_fn.to_dict())


def _epoch(dataset: Any, workers: int, gathering: dict[str, Any]) -> Callable[[], None]:
    """Return what takes all batches of an epoch from a loader built as for training."""
    loader = Runner.build_dataloader(
        dict(
            **gathering,
            dataset=dataset,
            batch_size=BATCH,
            num_workers=workers,
            persistent_workers=workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=True),
        ),
        seed=0,
    )

    def take_all() -> None:
        for _ in loader:
            pass

    return take_all


@contextlib.contextmanager
def _as_in_training() -> Iterator[None]:
    """Have OpenCV and PyTorch work in one thread, as they do in a worker of MMEngine's."""
    opencv, threads = cv2.getNumThreads(), torch.get_num_threads()
    init_default_scope('mmpose')
    cv2.setNumThreads(0)  # MMEngine's `opencv_num_threads`, inherited by the workers
    torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(opencv)
        torch.set_num_threads(threads)
