"""Weights of MMPose's DEKR head, renamed and widened for ours.

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
