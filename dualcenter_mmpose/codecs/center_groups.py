"""Center groups: rules that turn an instance's labelled keypoints into centers.

Axis letters: B images, N instances, K keypoints, G center groups, P parts of a group.

Every rule but ``bbox`` is a mean of part means: a group has parts, a part has keypoints, a part's point is the mean
of its labelled keypoints, and the center is the mean of the present parts' points. All of them commute with affine
maps, so a center computed from warped keypoints is the warped center: it does not move with the crop (keypoints
outside it still count).

==============  =========================================  ==========================================================
rule            parts                                      used for
==============  =========================================  ==========================================================
``mean``        one part with the named keypoints          head center (PINet's definition); PINet's part centers
``pair_mid``    one part per left/right pair               body center: a plain mean would move up by a sixth of the
                                                           torso when one hip is missing
``kpt_mean``    one part with all keypoints                DEKR's single center
``keypoint``    one part with one keypoint                 Fig. 12: a third center at the left shoulder
``bbox``        none: middle of the annotated box          "bounding-box center" read literally
==============  =========================================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dualcenter_mmpose.keypoints.layout import KeypointLayout
from dualcenter_mmpose.types import Centers

RULES = ('mean', 'pair_mid', 'kpt_mean', 'keypoint', 'bbox')
PARTIAL_POLICIES = ('use', 'drop')

PAPER_CENTERS: tuple[Mapping[str, Any], ...] = (
    {'name': 'head_center', 'rule': 'mean', 'sigma': 2.0},
    {'name': 'body_center', 'rule': 'pair_mid', 'sigma': 4.0},
)
"""The paper's two centers. A head is as compact as a keypoint, hence its smaller sigma: two heads merge in slightly
blurred heatmaps when they are closer than about two sigmas."""


@dataclass(frozen=True)
class CenterGroup:
    """One center group, resolved against a keypoint set.

    Attributes:
        name: unique name, part of log messages.
        rule: one of :data:`RULES`.
        parts: keypoint indices of each part; empty for ``bbox``.
        sigma: of the center's Gaussian, cells.
        radius: of the disc in which displacements are supervised, cells.
        partial: ``'use'`` a center of which only some parts are labelled, or ``'drop'`` it.
    """

    name: str
    rule: str
    parts: tuple[tuple[int, ...], ...]
    sigma: float
    radius: float
    partial: str


def resolve_center_groups(centers: Sequence[Mapping[str, Any]], layout: KeypointLayout) -> tuple[CenterGroup, ...]:
    """Return center groups with keypoint names replaced by indices.

    Args:
        centers: one mapping per group: ``name``, ``rule``, and optionally ``keypoints`` (names or indices; pairs of
            them for ``pair_mid``), ``sigma`` (cells, default 4), ``radius`` (cells, default 4), ``partial``
            (default ``'use'``). Without ``keypoints``, ``mean`` takes the head and ``pair_mid`` the torso of the
            keypoint set.
        layout: the keypoint set.

    Raises:
        ValueError: for an unknown key, rule or keypoint, repeated names, or a set without the keypoints that a rule
            needs.
    """
    if not centers:
        raise ValueError('centers must name at least one center group, got an empty list')
    groups = tuple(_resolve_center_group(dict(center), layout) for center in centers)
    names = [group.name for group in groups]
    if len(set(names)) != len(names):
        raise ValueError(f'center group names must be unique, got {names}')
    return groups


def _resolve_center_group(center: dict[str, Any], layout: KeypointLayout) -> CenterGroup:
    try:
        name, rule = center.pop('name'), center.pop('rule')
    except KeyError as error:
        raise ValueError(f"each entry of centers needs 'name' and 'rule'; {error} is missing in {center}") from None
    keypoints = center.pop('keypoints', None)
    sigma, radius = float(center.pop('sigma', 4.0)), float(center.pop('radius', 4.0))
    partial = center.pop('partial', 'use')
    if center:
        raise ValueError(f"center group '{name}' has unknown keys {sorted(center)}")
    if rule not in RULES:
        raise ValueError(f"center group '{name}': rule must be one of {RULES}, got '{rule}'")
    if partial not in PARTIAL_POLICIES:
        raise ValueError(f"center group '{name}': partial must be one of {PARTIAL_POLICIES}, got '{partial}'")
    if min(sigma, radius) <= 0:
        raise ValueError(f"center group '{name}': sigma and radius must be positive, got {sigma} and {radius}")
    parts = _resolve_parts(name, rule, keypoints, layout)
    return CenterGroup(name, rule, parts, sigma, radius, partial)


def _resolve_parts(
    name: str, rule: str, keypoints: Sequence[Any] | None, layout: KeypointLayout
) -> tuple[tuple[int, ...], ...]:
    if rule == 'bbox':
        return ()
    if rule == 'kpt_mean':
        return (tuple(range(layout.num_keypoints)),)
    if keypoints is None:
        keypoints = layout.center_keypoints.get(name) or _standard_keypoints(name, rule, layout)
    if isinstance(keypoints, (str, int)):
        keypoints = [keypoints]
    if not keypoints:
        raise ValueError(_missing_keypoints_message(name, rule, layout))
    if rule == 'keypoint' and len(keypoints) != 1:
        raise ValueError(f"center group '{name}': rule 'keypoint' takes one keypoint, got {list(keypoints)}")
    if rule == 'pair_mid':
        if any(isinstance(pair, (str, int)) for pair in keypoints):
            raise ValueError(f"center group '{name}': rule 'pair_mid' takes a list of pairs, got {list(keypoints)}")
        return tuple(tuple(layout.index(keypoint) for keypoint in pair) for pair in keypoints)
    return (tuple(layout.index(keypoint) for keypoint in keypoints),)


def _standard_keypoints(name: str, rule: str, layout: KeypointLayout) -> Sequence[Any]:
    if rule == 'mean':
        return layout.head_keypoints()
    if rule == 'pair_mid':
        return layout.torso_pairs()
    raise ValueError(f"center group '{name}': rule '{rule}' needs keypoints=[...]")


def _missing_keypoints_message(name: str, rule: str, layout: KeypointLayout) -> str:
    what, example = ('head', "['nose', 'chin']")
    if rule == 'pair_mid':
        what, example = ('torso', "[['left_shoulder', 'right_shoulder']]")
    return (
        f"center group '{name}' (rule '{rule}'): the keypoint set '{layout.name}' has no standard {what} keypoints; "
        f'its keypoints are {list(layout.keypoint_names)}. Name the ones to use in the codec, for example '
        f"centers=[dict(name='{name}', rule='{rule}', keypoints={example}), ...], or give the data set's metainfo "
        f'a key center_keypoints=dict({name}={example})'
    )


def membership(groups: Sequence[CenterGroup], num_keypoints: int) -> Tensor:
    """Return which keypoints belong to which part of which group.

    Returns:
        (G, P, K) float 0/1; unused parts and ``bbox`` groups are all 0.
    """
    num_parts = max([len(group.parts) for group in groups] + [1])
    members = torch.zeros(len(groups), num_parts, num_keypoints)
    for group_idx, group in enumerate(groups):
        for part_idx, part in enumerate(group.parts):
            members[group_idx, part_idx, list(part)] = 1
    return members


def locate_centers(
    groups: Sequence[CenterGroup],
    members: Tensor,
    keypoints: Tensor,
    labelled: Tensor,
    box_centers: Tensor,
) -> Centers:
    """Return every instance's centers.

    Args:
        groups: the center groups.
        members: (G, P, K) from :func:`membership`.
        keypoints: (B, N, K, 2).
        labelled: (B, N, K) bool; unlabelled keypoints do not count, whatever their coordinates.
        box_centers: (B, N, 2) middles of the annotated boxes, for the rule ``bbox``; an instance without a
            labelled keypoint has no center by that rule either.
    """
    weight = labelled.to(keypoints.dtype)
    known = torch.where(labelled[..., None], keypoints, keypoints.new_zeros(()))
    members = members.to(keypoints)
    # A part's point is the mean of its labelled keypoints: shoulders at x = 10 and 20 give 15, one alone gives itself.
    counts = torch.einsum('gpk,bnk->bngp', members, weight)
    sums = torch.einsum('gpk,bnkc->bngpc', members, known)  # (B, N, G, P, 2)
    present = counts > 0
    part_points = sums / counts.clamp(min=1)[..., None]
    num_present = present.sum(dim=-1)  # (B, N, G)
    points = (part_points * present[..., None]).sum(dim=-2) / num_present.clamp(min=1)[..., None]

    num_parts = torch.tensor([len(group.parts) for group in groups], device=keypoints.device)
    drop_partial = torch.tensor([group.partial == 'drop' for group in groups], device=keypoints.device)
    valid = (num_present > 0) & ~(drop_partial & (num_present < num_parts))
    for group_idx, group in enumerate(groups):
        if group.rule == 'bbox':
            points[:, :, group_idx] = box_centers
            valid[:, :, group_idx] = labelled.any(dim=-1)
    return Centers(points=points * valid[..., None], valid=valid)
