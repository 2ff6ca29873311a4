"""The predictions of a model on the given data, through mmengine's runner, as its own config tests it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.evaluation import CocoMetric

from dualcenter_mmpose.experiments.comparison.entries import NO_CHECKPOINT

TRAINING = ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr')
VALIDATION = ('val_dataloader', 'val_cfg', 'val_evaluator')
SCORING = ('score_mode', 'nms_mode', 'nms_thr', 'keypoint_score_thr', 'pred_converter')
"""What decides on scores and on the poses that stay, taken from the config's own ``CocoMetric``."""
TRAINING_ONLY = 'auxiliary_heads.'
"""Parameters that no test uses and an exported checkpoint does not have."""


class CompleteWeightsHook(Hook):
    """Refuse to test a model whose checkpoint leaves parameters as they were initialised.

    mmengine only notes missing keys in its log, and a model that has loaded half of its weights still gives numbers.
    Parameters are made NaN before the checkpoint is loaded, so that whatever converts its keys is taken into account.
    """

    priority = 'LOWEST'

    def before_run(self, runner: Any) -> None:
        """Mark all parameters."""
        with torch.no_grad():
            for _, parameter in _tested_parameters(runner.model):
                parameter.fill_(float('nan'))

    def before_test(self, runner: Any) -> None:
        """Look for parameters that are still marked.

        Raises:
            ValueError: if there are any.
        """
        parameters = list(_tested_parameters(runner.model))
        left = [name for name, parameter in parameters if not bool(torch.isfinite(parameter).all())]
        if left:
            raise ValueError(
                f'the checkpoint does not fit the config: {len(left)} of {len(parameters)} parameters are missing in '
                f'it or not finite (first: {", ".join(left[:3])})'
            )


def _tested_parameters(model: Any) -> Iterable[tuple[str, Any]]:
    return ((n, p) for n, p in model.named_parameters() if not n.startswith(TRAINING_ONLY))


def run_test(config: Config, checkpoint: str) -> Any:
    """Test a model and return the runner, with the model as it was tested.

    Args:
        config: of the test, from :func:`prepare_test`; changed.
        checkpoint: its weights; with :data:`NO_CHECKPOINT` nothing is tested.

    Raises:
        ValueError: if the checkpoint does not fit.
    """
    config.load_from = None if checkpoint == NO_CHECKPOINT else checkpoint
    config.resume = False
    torch.manual_seed(0)
    runner = Runner.from_cfg(config)
    if checkpoint == NO_CHECKPOINT:
        return runner
    runner.register_hook(CompleteWeightsHook())
    runner.test()
    return runner


def prepare_test(config: Config, ann_file: str, images_dir: str, folder: Path, workers: int | None) -> None:
    """Point a config's test at the given data and have it write ``results.keypoints.json`` only; changes the config.

    Args:
        config: of the model.
        ann_file: annotations.
        images_dir: folder of their images.
        folder: for predictions and logs.
        workers: processes that load images; the config's own by default.

    Raises:
        ValueError: if the config has no test of a single data set.
    """
    loader = config.get('test_dataloader')
    if not loader or 'ann_file' not in loader.get('dataset', {}):
        raise ValueError("the config needs a test_dataloader whose dataset has an 'ann_file'")
    for key in (*TRAINING, *VALIDATION):
        config.pop(key, None)
    loader.dataset.update(ann_file=ann_file, data_root='', data_prefix=dict(img=images_dir), test_mode=True)
    loader.dataset.pop('indices', None)
    if workers is not None:
        loader.update(num_workers=workers, persistent_workers=workers > 0)
    config.test_evaluator = writer_config(config.get('test_evaluator'), ann_file, folder)
    config.test_cfg = config.get('test_cfg') or dict()
    config.work_dir = str(folder / 'run')
    config.launcher = 'none'


def writer_config(evaluator: Any, ann_file: str, folder: Path) -> dict[str, Any]:
    """Return the config of a ``CocoMetric`` that writes predictions with the scores a config's own would give them."""
    metrics = evaluator if isinstance(evaluator, (list, tuple)) else [evaluator or {}]
    default = dict(type='CocoMetric', score_mode='bbox', nms_mode='none')
    own: Mapping[str, Any] = next(m for m in [*metrics, default] if m.get('type') in ('CocoMetric', CocoMetric))
    scoring = {key: own[key] for key in SCORING if key in own}
    prefix = str(folder / 'results')
    return dict(type='CocoMetric', ann_file=ann_file, format_only=True, outfile_prefix=prefix, **scoring)
