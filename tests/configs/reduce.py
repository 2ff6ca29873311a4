"""Any config of the project, made small: tiny images of a tiny data set, no download, same parts and wiring.

What needs a GPU is put back for CPUs: mixed precision (AmpOptimWrapper refuses CPUs) and the compiler's backend
(inductor takes minutes; 'eager' makes the same graphs and runs them as they are).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict

ROOT = Path(__file__).resolve().parents[2]
CONFIG_FILES = sorted(
    p
    for p in (ROOT / 'configs').rglob('*.py')
    # MMPose's own models have tests of their own.
    if p.parent.name not in ('base', '_base_', 'mmpose') and p.name != '__init__.py'
)
NOMINAL = 64


def load_reduced(path: Path, ann_file: str, images_dir: str) -> Config:
    """Return a config of the project at 64 px on a tiny data set.

    Args:
        path: of the config.
        ann_file: annotations that replace all of its annotation files.
        images_dir: folder of their images.
    """
    config = Config.fromfile(path)
    for node in walk(config._cfg_dict):
        if 'init_cfg' in node and 'checkpoint' in (node['init_cfg'] or {}):
            node['init_cfg'] = None
        if 'rescore_cfg' in node:
            node['rescore_cfg'] = None
        if 'heatmap_size' in node:
            reduce_codec(node, config)
        if 'ann_file' in node:
            node['ann_file'] = ann_file
        if 'data_prefix' in node:
            node.update(data_root='', data_prefix=dict(img=images_dir))
        if type_name(node).endswith('BottomupRandomAffine'):
            node['input_size'] = (training_size(config),) * 2
        if type_name(node) == 'BottomupResize':
            node['input_size'] = (NOMINAL,) * 2
        if 'num_workers' in node:
            node.update(batch_size=2, num_workers=0, persistent_workers=False)
        if not torch.cuda.is_available():
            suit_cpu(node)
    if type_name(config.model.head) == 'DEKRHead':  # it predicts one image at a time
        config.val_dataloader.batch_size = config.test_dataloader.batch_size = 1
    config.load_from = None
    return config


def suit_cpu(node: Any) -> None:
    """Replace the parts of a config that need a GPU."""
    if type_name(node) == 'AmpOptimWrapper':
        for key in ('dtype', 'loss_scale', 'use_fsdp'):
            node.pop(key, None)
        node['type'] = 'OptimWrapper'
    if type_name(node) == 'CompileBackboneHook':
        node['backend'] = 'eager'


def walk(node: Any) -> list[Any]:
    """Return every dictionary inside a config."""
    if isinstance(node, ConfigDict):
        return [node, *(found for value in node.values() for found in walk(value))]
    if isinstance(node, (list, tuple)):
        return [found for value in node for found in walk(value)]
    return []


def type_name(node: Any) -> str:
    """Return the name of a part, given by name or by class."""
    kind = node.get('type', '')
    return kind if isinstance(kind, str) else kind.__name__


def training_size(config: Config) -> int:
    """Return the side of a reduced training image."""
    return int(NOMINAL * max(config.model.get('scales', (1,))))


def reduce_codec(codec: Any, config: Config) -> None:
    """Give a codec the reduced sizes."""
    codec.update(input_size=(NOMINAL,) * 2, heatmap_size=(NOMINAL // 4,) * 2)
