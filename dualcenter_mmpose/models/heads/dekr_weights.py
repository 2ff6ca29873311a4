"""Checks of checkpoints for the head, and conversion of those of MMPose's DEKR.

The trunk is the same network, so every layer maps one to one; the last layers repeat DEKR's center for each of our
centers.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_RENAMED = {
    'heatmap_conv_layers.0.conv.': 'heatmap_branch.transition.0.',
    'heatmap_conv_layers.0.bn.': 'heatmap_branch.transition.1.',
    'heatmap_conv_layers.1.': 'heatmap_branch.block.',
    'heatmap_conv_layers.2.': 'heatmap_branch.final.',
    'displacement_conv_layers.0.conv.': 'displacement_branch.transition.0.',
    'displacement_conv_layers.0.bn.': 'displacement_branch.transition.1.',
    'displacement_conv_layers.1.': 'displacement_branch.shared_blocks.0.',
    'displacement_conv_layers.2.': 'displacement_branch.shared_blocks.1.',
    'displacement_conv_layers.3.': 'displacement_branch.finals.0.',
}

_DROPPED = ('regular_matrix', 'rescore_net.')
"""A constant that our layer makes itself, and DEKR's rescoring network, which the confidence network replaces."""


def is_dekr_head(state: Mapping[str, Tensor], prefix: str) -> bool:
    """Return whether a state dict holds a DEKR head of MMPose 1.x under ``prefix``."""
    return f'{prefix}displacement_conv_layers.3.weight' in state


def check_outputs(state: Mapping[str, Tensor], prefix: str, num_keypoints: int, num_centers: int) -> None:
    """Check that a head's state dict, DEKR's or ours, has the outputs that are expected.

    Args:
        state: state dict of a model; one without a head passes.
        prefix: of the head's keys.
        num_keypoints: K.
        num_centers: G; DEKR's one center serves any number.

    Raises:
        ValueError: for another number of keypoints or centers.
    """
    is_dekr = is_dekr_head(state, prefix)
    weight = state.get(prefix + ('heatmap_conv_layers.2.weight' if is_dekr else 'heatmap_branch.final.weight'))
    expected = num_keypoints + (1 if is_dekr else num_centers)
    if weight is not None and len(weight) != expected:
        raise ValueError(
            f'the checkpoint puts out {len(weight)} heatmaps (keypoints and centers), the model {expected} '
            f'({num_keypoints} keypoints): it was trained for another keypoint set or other centers. Use the config '
            'that it was trained with, or keep only its backbone: '
            'dualcenter export-checkpoint CHECKPOINT --backbone-only --out OUT'
        )


def check_dekr_alignment(align: str) -> None:
    """Check that a codec reads cells where MMPose's DEKR has learned to put them.

    Setting the alignment here would help this run alone: the checkpoint that it writes is no longer DEKR's and would
    be read by the config's own alignment, 1.5 px off at a stride of 4.

    Raises:
        ValueError: with the line to add to the config.
    """
    if align != 'corner':
        raise ValueError(
            f"the checkpoint is MMPose's DEKR, whose cells stand at their first pixel, but the head's codec has "
            f"align='{align}': every keypoint would be off. Add this line to the config (or to its own "
            "model.head.decoder): model = dict(head=dict(decoder=dict(align='corner')))"
        )


def convert_dekr_head(
    state: Mapping[str, Tensor], prefix: str, num_keypoints: int, num_centers: int, separate_blocks: int
) -> dict[str, Tensor]:
    """Return the head's part of a DEKR state dict under our names; other entries are left out.

    Args:
        state: state dict of a model with MMPose's ``DEKRHead``.
        prefix: of the head's keys, ``'head.'`` in a pose estimator.
        num_keypoints: K.
        num_centers: G; every center starts as DEKR's one.
        separate_blocks: of the displacement branch; separate blocks start as copies.

    Raises:
        KeyError: for a DEKR entry that this function does not know.
    """
    converted: dict[str, Tensor] = {}
    for key, value in state.items():
        if not key.startswith(prefix) or any(part in key for part in _DROPPED):
            continue
        name = key[len(prefix) :]
        converted.update(_convert_entry(name, value, num_keypoints, num_centers, separate_blocks))
    return {prefix + name: value for name, value in converted.items()}


def _convert_entry(
    name: str, value: Tensor, num_keypoints: int, num_centers: int, separate_blocks: int
) -> dict[str, Tensor]:
    new_name = next((new + name[len(old) :] for old, new in _RENAMED.items() if name.startswith(old)), None)
    if new_name is None:
        raise KeyError(f"the DEKR head has an entry '{name}' that is not known here")
    if new_name.startswith('heatmap_branch.final.'):
        return {new_name: torch.cat([value] + [value[-1:]] * (num_centers - 1))}
    if new_name.startswith('displacement_branch.finals.'):
        return _convert_final(new_name, value, num_keypoints, num_centers, separate_blocks)
    block = new_name.removeprefix('displacement_branch.shared_blocks.') if separate_blocks else new_name
    if block != new_name and int(block[0]) >= 2 - separate_blocks:
        inner = f'{int(block[0]) - (2 - separate_blocks)}{block[1:]}'
        return {f'displacement_branch.center_blocks.{g}.{inner}': value for g in range(num_centers)}
    return {new_name: value}


def _convert_final(
    name: str, value: Tensor, num_keypoints: int, num_centers: int, separate_blocks: int
) -> dict[str, Tensor]:
    if separate_blocks:
        return {name.replace('finals.0.', f'finals.{g}.'): value for g in range(num_centers)}
    per_keypoint = value.unflatten(0, (num_keypoints, 1, 2))
    repeats = (1, num_centers) + (1,) * (per_keypoint.ndim - 2)
    return {name: per_keypoint.repeat(repeats).flatten(0, 2)}
