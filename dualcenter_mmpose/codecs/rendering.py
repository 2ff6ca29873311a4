"""Rendering of small shapes around points onto a grid: Gaussians, discs, and assigned cells.

Axis letters: B images, N instances (padded), C channels or G center groups, H and W cells, D cells of a patch.
Points are cells (x, y). Each function is one scatter of small patches for all points of a batch; shapes depend on
the largest radius only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def is_inside(points: Tensor, map_size: tuple[int, int]) -> Tensor:
    """Return whether the cell nearest to each point lies in the map.

    Args:
        points: (..., 2) cells.
        map_size: (W, H).
    """
    # Not round(), which goes to the even one at a half: 0.5 and 1.5 would be cells 0 and 2, here 1 and 2.
    cells = torch.floor(points + 0.5)
    width, height = map_size
    return (cells[..., 0] >= 0) & (cells[..., 0] < width) & (cells[..., 1] >= 0) & (cells[..., 1] < height)


def _patch(radius: int, device: torch.device) -> Tensor:
    """Return the (D, 2) integer cell offsets (x, y) of a square patch."""
    steps = torch.arange(-radius, radius + 1, device=device)
    return torch.stack(torch.meshgrid(steps, steps, indexing='xy'), dim=-1).reshape(-1, 2)


def _patch_cells(points: Tensor, radius: int, map_size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Return flat cell indices, cell coordinates and an in-map flag for the patch around each point.

    Args:
        points: (B, N, C, 2) cells.
        radius: of the patch, cells.
        map_size: (W, H).

    Returns:
        Indices (B, N, C, D), clamped into the map; cells (B, N, C, D, 2); inside (B, N, C, D) bool.
    """
    width, height = map_size
    cells = torch.floor(points + 0.5)[..., None, :] + _patch(radius, points.device)  # (B, N, C, D, 2)
    x, y = cells.unbind(dim=-1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    # Clamped, so that a scatter never writes elsewhere: on a map of W = 10, cell (-1, 2) would be 19, the end of row 1.
    flat = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
    return flat.long(), cells, inside


def render_gaussians(
    points: Tensor,
    valid: Tensor,
    sigmas: Sequence[float],
    map_size: tuple[int, int],
    factors: Tensor | None = None,
    max_factor: float = 1.0,
) -> Tensor:
    """Return heatmaps with a Gaussian of peak 1 at the cell nearest to each valid point; overlaps take the maximum.

    Args:
        points: (B, N, C, 2) cells.
        valid: (B, N, C) bool; a point whose cell lies outside the map renders nothing.
        sigmas: C numbers, cells; each Gaussian ends at 3 sigma. Not a tensor: reading the largest value of one on a GPU
            would wait for the device.
        map_size: (W, H).
        factors: (B, N) by which each instance's sigmas are multiplied.
        max_factor: largest of them, likewise a number.

    Returns:
        (B, C, H, W) in [0, 1].

    Source:
        Quantised peak and 3-sigma patch as in MSRA-style heatmaps (DEKR, MMPose).
    """
    num_images, _, num_channels, _ = points.shape
    width, height = map_size
    valid = valid & is_inside(points, map_size)
    points = torch.where(valid[..., None], points, points.new_zeros(()))
    radius = math.ceil(3 * max(sigmas) * max_factor)
    flat, _, inside = _patch_cells(points, radius, map_size)
    offsets = _patch(radius, points.device)
    widths = points.new_tensor(list(sigmas))[:, None]
    if factors is not None:
        widths = widths * factors[:, :, None, None]  # (B, N, C, 1)
    # Example: sigma 2 reaches 6 cells; at offset (2, 0) the value is exp(-4 / 8) = 0.61, at (7, 0) it is 0.
    reach = offsets.abs().amax(dim=-1) <= 3 * widths
    gaussians = torch.exp(-offsets.square().sum(dim=-1) / (2 * widths.square())) * reach
    values = gaussians * (inside & valid[..., None])  # (B, N, C, D)
    channel = torch.arange(num_channels, device=points.device)[:, None] * (height * width)
    heatmaps = points.new_zeros(num_images, num_channels * height * width)
    heatmaps.scatter_reduce_(1, (flat + channel).flatten(1), values.flatten(1), 'amax')
    return heatmaps.reshape(num_images, num_channels, height, width)


def _disc_cells(
    points: Tensor, valid: Tensor, radii: Sequence[float], map_size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Return the flat index of every cell around each point, and whether it lies within that point's radius.

    Args:
        points: (B, N, G, 2) cells.
        valid: (B, N, G) bool.
        radii: G numbers, cells.
        map_size: (W, H).

    Returns:
        Indices (B, G, N * D) into G * H * W cells, and (B, G, N * D) bool.
    """
    valid = valid & is_inside(points, map_size)
    points = torch.where(valid[..., None], points, points.new_zeros(()))
    flat, cells, inside = _patch_cells(points, math.ceil(max(radii)), map_size)
    # From the point, not from its cell: a disc is as exact as the center, a Gaussian's peak is not.
    distances = (cells - points[..., None, :]).square().sum(dim=-1)
    covered = inside & valid[..., None] & (distances <= points.new_tensor(list(radii))[:, None].square())
    return flat.transpose(1, 2).flatten(2), covered.transpose(1, 2).flatten(2)  # (B, N, G, D) -> (B, G, N * D)


def render_discs(points: Tensor, valid: Tensor, radii: Sequence[float], map_size: tuple[int, int]) -> Tensor:
    """Return (B, G, H, W) bool, True within ``radii`` (G numbers) of each valid point (B, N, G, 2)."""
    width, height = map_size
    flat, covered = _disc_cells(points, valid, radii, map_size)
    discs = points.new_zeros(points.shape[0], points.shape[2], height * width)
    discs.scatter_reduce_(2, flat, covered.to(discs.dtype), 'amax')
    return discs.reshape(*discs.shape[:2], height, width) > 0


def assign_cells(points: Tensor, valid: Tensor, radii: Sequence[float], map_size: tuple[int, int]) -> Tensor:
    """Return which instance supervises each cell: the first, hence smallest, whose disc covers it.

    Returns:
        (B, G, H * W) instance index, N where nobody does.
    """
    width, height = map_size
    num_images, num_instances, num_centers, _ = points.shape
    flat, covered = _disc_cells(points, valid, radii, map_size)
    patch_size = flat.shape[2] // max(num_instances, 1)  # D
    ranks = torch.arange(num_instances, device=flat.device)[:, None].expand(-1, patch_size)  # (N, D)
    # Example: N = 2, and both discs cover cell 40, only the second covers 41. Cell 40 gets the claims 0 and 1, of which
    # the minimum is 0; cell 41 gets 1; cells without a claim keep the fill value N = 2.
    claims = torch.where(covered, ranks.reshape(-1), num_instances)  # (B, G, N * D)
    owners = flat.new_full((num_images, num_centers, height * width), num_instances)
    return owners.scatter_reduce_(2, flat, claims, 'amin')
