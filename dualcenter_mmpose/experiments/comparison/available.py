"""A comparison on part of a data set: the annotated images whose files are there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from dualcenter_mmpose.coco.file_checks import read_json
from dualcenter_mmpose.coco.result_files import load_results
from dualcenter_mmpose.experiments.comparison.entries import Entry
from dualcenter_mmpose.utils.files import write_json

FOLDER = 'available'


def take_available(ann_file: Path, images: Path, entries: Sequence[Entry], work_dir: Path) -> tuple[Path, list[Entry]]:
    """Write annotations and results of the images that exist; return the file and the entries that name the results.

    Args:
        ann_file: COCO annotations, checked.
        images: folder of the images.
        entries: of the comparison; models stay as they are.
        work_dir: of the comparison.

    Raises:
        ValueError: if none of the images is there, or a results file is unusable.
    """
    content: Any = read_json(ann_file)
    there = [image for image in content['images'] if (images / image['file_name']).is_file()]
    if not there:
        raise ValueError(f"--available: none of the {len(content['images'])} images of '{ann_file}' is in '{images}'")
    ids = {image['id'] for image in there}
    everybody = {image['id'] for image in content['images']}
    folder = work_dir / FOLDER
    # Results first: whatever is wrong with them leaves nothing behind.
    parts = {entry: _results_of(entry.results, everybody, ids) for entry in entries if entry.results is not None}
    taken = folder / ann_file.name
    annotations = [ann for ann in content['annotations'] if ann['image_id'] in ids]
    (folder / 'results').mkdir(parents=True, exist_ok=True)  # apart: an entry may be called as the annotations
    write_json(taken, {**content, 'images': there, 'annotations': annotations})
    changed = []
    for entry in entries:
        if entry in parts:
            path = folder / 'results' / f'{entry.slug}.json'
            write_json(path, parts[entry])
            changed.append(entry._replace(results=str(path)))
        else:
            changed.append(entry)
    return taken, changed


def _results_of(path: str, everybody: Collection[int], ids: Collection[int]) -> list[dict[str, Any]]:
    return [row for row in load_results(path, everybody) if row['image_id'] in ids]
