"""A config's reduced config: the same method, options and ablation on a network, images and data that suit a CPU.

Every comparison of ``configs/ablation`` runs in small through one function, so that no second set of configs exists
that could drift from the first. All numbers come from one small config (the stage-2 config of
``configs/dualcenter/synthetic``): what it says about sizes, data and runtime replaces what the config says; what the
config says about centers, scales, networks, losses, decoding and stages stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from dualcenter_mmpose.utils.renamed_options import SCALE_OPTIONS, rename_options

Config = dict[str, Any]

RUNTIME = ('auto_scale_lr', 'env_cfg', 'test_evaluator', 'val_evaluator')
"""Entries that the small config gives as they are."""
DATA_SOURCE = ('type', 'data_root', 'ann_file', 'data_prefix')
EPOCH_SHARE, MIN_EPOCHS = 0.1, 4
"""A reduced config trains for a tenth of its config's epochs; below four a schedule has no room for its steps."""
WARM_UP = 200
"""Longest warm-up of a reduced config, iterations, as the small config's own."""
BASELINE_HEADS = ('HigherHRNetHead', 'SWAHRHead')
"""Heads of :mod:`dualcenter_mmpose.baselines`, which read the backbone's finest map alone."""
BASELINE_BLOCKS = 2
"""Residual blocks of their fine maps, half of them, as the small config has in each branch of the backbone."""


def reduce_config(config: Mapping[str, Any], small: Mapping[str, Any], every_level: bool = False) -> Config:
    """Return a config reduced for a CPU.

    Where the config runs several scales a step and does not say how to save time, the reduced one draws one scale a
    step, the nominal one half of the time, and takes a crop of a larger one, as the small config does: all three scales
    would cost five times as much. ``load_from`` is dropped, because weights of the full size do not fit, and mixed
    precision, which needs a GPU.

    Args:
        config: of a model with HRNet and ``DualCenterHead``, or the head of a baseline, on COCO's keypoints.
        small: a small config with all three pose-level networks; the source of all sizes.
        every_level: whether all scales are run in every step, as the config does, and time is saved by the crop alone:
            a step costs about twice as much as that of one scale.

    Raises:
        ValueError: for another backbone, head or keypoint set.
    """
    reduced, own = deepcopy(dict(config)), deepcopy(dict(small))
    _check_supported(reduced, own)
    reduced['model'] = rename_options(reduced['model'], SCALE_OPTIONS, 'the model')
    _reduce_model(reduced['model'], own['model'], every_level)
    for node in _walk(reduced):
        if 'heatmap_size' in node:
            node.update({key: own['encoder'][key] for key in ('input_size', 'heatmap_size')})
    _reduce_data(reduced, own)
    reduced.update({key: own[key] for key in RUNTIME})
    reduced['default_hooks']['checkpoint'].update(own['default_hooks']['checkpoint'])
    kinds = {hook['type'] for hook in reduced['custom_hooks']}
    reduced['custom_hooks'] += [hook for hook in own['custom_hooks'] if hook['type'] not in kinds]
    reduced['load_from'] = None
    if reduced['optim_wrapper'].get('type') == 'AmpOptimWrapper':  # refuses to run on a CPU
        for key in ('type', 'dtype', 'loss_scale'):
            reduced['optim_wrapper'].pop(key, None)
    for schedule in reduced['param_scheduler']:
        if not schedule.get('by_epoch', True):
            schedule['end'] = min(schedule['end'], WARM_UP)
    epochs = reduced['train_cfg']['max_epochs']
    return scale_schedule(reduced, min(epochs, max(MIN_EPOCHS, round(EPOCH_SHARE * epochs))))


def scale_schedule(config: Mapping[str, Any], epochs: int) -> Config:
    """Return a config that trains for another number of epochs, its steps at the same shares of the time.

    It is tested once, at the end, where it would be tested less often than that otherwise.

    Args:
        config: of an epoch-based training.
        epochs: to train for.

    Raises:
        ValueError: for less than one epoch.
    """
    if epochs < 1:
        raise ValueError(f'a training takes at least 1 epoch, got {epochs}')
    scaled = deepcopy(dict(config))
    train_cfg = scaled['train_cfg']
    share = epochs / train_cfg['max_epochs']
    train_cfg['max_epochs'] = epochs
    train_cfg['val_interval'] = min(train_cfg.get('val_interval', 1), epochs)
    for schedule in scaled['param_scheduler']:
        if not schedule.get('by_epoch', True):
            continue
        for key in ('begin', 'end', 'T_max'):
            if key in schedule:
                schedule[key] = round(schedule[key] * share)
        if 'milestones' in schedule:
            schedule['milestones'] = [max(1, round(milestone * share)) for milestone in schedule['milestones']]
    return scaled


def _check_supported(config: Config, small: Config) -> None:
    model, small_model = config.get('model', {}), small['model']
    for part in ('backbone', 'head'):
        kind, expected = model.get(part, {}).get('type'), small_model[part]['type']
        if kind != expected and not (part == 'head' and kind in BASELINE_HEADS):
            raise ValueError(f"a reduced config needs model.{part} of type '{expected}', got '{kind}'")
    num_keypoints = model['head']['num_keypoints']
    if num_keypoints != small_model['head']['num_keypoints']:
        raise ValueError(
            f'the small data have {small_model["head"]["num_keypoints"]} keypoints, model.head.num_keypoints is '
            f'{num_keypoints}: a config of another keypoint set has no reduced config'
        )


def _reduce_model(model: Config, small: Config, every_level: bool) -> None:
    all_maps = model['backbone']['extra']['stage4'].get('multiscale_output', False)
    model['backbone'].update(extra=small['backbone']['extra'], init_cfg=None)
    head, small_head = model['head'], small['head']
    if head['type'] in BASELINE_HEADS:
        model['backbone']['extra']['stage4']['multiscale_output'] = all_maps
        width = small_head['in_channels'][0]
        head.update(in_channels=width, num_deconv_filters=width, num_blocks=BASELINE_BLOCKS)
        return
    head.pop('num_heatmap_filters', None)
    for key in ('in_channels', 'num_displacement_filters_per_keypoint'):
        head[key] = small_head[key]
    for key in ('blocks', 'displacement_loss'):  # where the config says nothing of them
        head.setdefault(key, small_head[key])
    for name, net in (head.get('pose_nets') or {}).items():
        if isinstance(net, dict):
            net.update(small_head['pose_nets'][name])
    scales = model.get('scales', (1.0,))
    saves_time = model.get('scales_per_step') is not None or model.get('crop_largest', False)
    if len(scales) > 1 and not saves_time:
        if not every_level:
            model['scales_per_step'] = 1
            model['scale_probabilities'] = tuple(2 if factor == 1 else 1 for factor in scales)
        model['crop_largest'] = model.get('grid', 'nominal') == 'nominal' and _can_be_cropped(scales)


def _can_be_cropped(scales: Sequence[float]) -> bool:
    """Return whether every scale above the nominal one is a whole multiple: a crop must end at a cell border."""
    return all(factor == int(factor) for factor in scales if factor > 1)


def _is_affine(node: Mapping[str, Any]) -> bool:
    """Return whether this is the augmentation, MMPose's or ours."""
    return str(node.get('type')).endswith('BottomupRandomAffine')


def _reduce_data(config: Config, small: Config) -> None:
    width, height = small['encoder']['input_size']
    largest = max(config['model'].get('scales', (1.0,)))
    affine = next(node for node in _walk(small['train_dataloader']) if _is_affine(node))
    for node in _walk(config):
        if _is_affine(node):
            node.update({**affine, **node, 'input_size': (int(width * largest), int(height * largest))})
        if node.get('type') == 'BottomupResize':
            node['input_size'] = (width, height)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader, small_loader = config[name], small[name]
        loader.update({key: value for key, value in small_loader.items() if key != 'dataset'})
        loader['dataset'].update({key: small_loader['dataset'][key] for key in DATA_SOURCE})


def _walk(node: Any) -> Iterator[Config]:
    """Yield every dictionary inside a config."""
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from _walk(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _walk(value)
