"""Other data for a config."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

DATA_HELP = "folder with annotations/person_keypoints_{train,val}.json and images/, in place of the configs' own data"


def with_data(config: Config, folder: str) -> Config:
    """Return a config that trains and tests on the data of a folder.

    Args:
        config: with data loaders of single data sets.
        folder: with ``annotations/person_keypoints_{train,val}.json`` and ``images/``.

    Raises:
        FileNotFoundError: if it lacks one of them.
        ValueError: if a loader of the config has no data set of its own.
    """
    root = Path(folder)
    files = {name: f'annotations/person_keypoints_{name}.json' for name in ('train', 'val')}
    missing = [path for path in (*files.values(), 'images') if not (root / path).exists()]
    if missing:
        raise FileNotFoundError(f"--data: '{folder}' lacks {', '.join(missing)}")
    changed = Config(config.to_dict(), filename=config.filename)
    for name, file in (('train', files['train']), ('val', files['val']), ('test', files['val'])):
        dataset = (changed.get(f'{name}_dataloader') or {}).get('dataset') or {}
        if 'ann_file' not in dataset:
            raise ValueError(f"--data: '{config.filename}' has no {name}_dataloader with one data set")
        dataset.update(data_root=str(root.resolve()), ann_file=file, data_prefix=dict(img='images/'))
    for evaluator in (changed.val_evaluator, changed.test_evaluator):
        for metric in evaluator if isinstance(evaluator, list) else [evaluator]:
            metric.ann_file = str(root.resolve() / files['val'])
    return changed
