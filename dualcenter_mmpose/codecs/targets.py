"""Training targets of a whole batch, made on the device of the keypoints in a few vectorised calls.

Axis letters: B images, N instances (padded), G center groups, K keypoints, H and W cells, D cells of a disc. All
coordinates are cells (x, y); :mod:`dualcenter_mmpose.coordinates` has the rule. Nothing loops over cells, keypoints
or instances: Gaussians are rendered by one scatter of small patches, and each cell of a disc is assigned to the
smallest instance whose disc covers it.

Both ways to make targets use these functions: the codec's ``encode`` (one image, on the host) and the head (a
batch, on the training device, from the :class:`GroundTruthInstances` that the codec packed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dualcenter_mmpose.codecs.center_groups import CenterGroup, locate_centers
from dualcenter_mmpose.codecs.rendering import assign_cells, is_inside, render_discs, render_gaussians
from dualcenter_mmpose.coordinates import map_to_input
from dualcenter_mmpose.geometry import pose_diagonals
from dualcenter_mmpose.types import Centers, DenseTargets, GroundTruthInstances, KeypointTargets


@dataclass(frozen=True)
class CenterHeatmapOptions:
    """Options of the center heatmaps.

    Attributes:
        background_weight: loss weight of cells that no Gaussian reaches.
        pseudo_weight: loss weight under the Gaussians of pseudo centers.
        adaptive_reference: an instance of this diagonal (cells) has the group's sigma; the sigma of others grows and
            shrinks with their diagonal. ``None`` for the same sigma for all.
        adaptive_range: bounds on that factor.
    """

    background_weight: float = 0.1
    pseudo_weight: float = 0.25
    adaptive_reference: float | None = None
    adaptive_range: tuple[float, float] = (0.5, 1.5)


def make_keypoint_targets(instances: GroundTruthInstances, sigma: float, background_weight: float) -> KeypointTargets:
    """Return the keypoint heatmaps and their weights.

    Args:
        instances: the ground truth.
        sigma: of the keypoint Gaussians, cells.
        background_weight: weight of cells that no Gaussian reaches.
    """
    height, width = instances.valid_mask.shape[-2:]
    sigmas = [sigma] * instances.keypoints.shape[2]
    heatmaps = render_gaussians(instances.keypoints, instances.labelled, sigmas, (width, height))
    return KeypointTargets(heatmaps, _heatmap_weights(heatmaps, instances.valid_mask, background_weight))


def _heatmap_weights(heatmaps: Tensor, valid_mask: Tensor, background_weight: float) -> Tensor:
    weights = torch.where(heatmaps > 0, heatmaps.new_ones(()), heatmaps.new_full((), background_weight))
    return weights * valid_mask[:, None]


def make_targets(
    instances: GroundTruthInstances,
    groups: Sequence[CenterGroup],
    members: Tensor,
    keypoint_targets: KeypointTargets,
    options: CenterHeatmapOptions,
    person_range: tuple[float, float],
) -> DenseTargets:
    """Return all targets of a batch.

    An instance whose diagonal lies outside ``person_range`` supervises neither center heatmaps nor displacements, and
    its center discs (3 sigma) get weight 0: it is ignored, not a negative. Its keypoints stay in the keypoint heatmaps.

    Args:
        instances: the ground truth.
        groups: the center groups.
        members: from :func:`~dualcenter_mmpose.codecs.center_groups.membership`.
        keypoint_targets: from :func:`make_keypoint_targets`.
        options: of the center heatmaps.
        person_range: (lowest, highest) diagonal in cells of a supervised instance.

    Source:
        Method: dual anatomical centers (arXiv 2208.11975), sections 3.1 and 3.2; weights and masks as in DEKR.
    """
    instances = _smallest_first(instances)
    diagonals = pose_diagonals(instances.keypoints, instances.labelled)
    is_supervised = (diagonals >= person_range[0]) & (diagonals <= person_range[1])
    centers = locate_centers(groups, members, instances.keypoints, instances.labelled, instances.box_centers)
    supervised = Centers(centers.points, centers.valid & is_supervised[..., None])
    ignored = centers.valid & ~is_supervised[..., None]

    sigmas = [group.sigma for group in groups]
    center_heatmaps, center_weights = _make_center_heatmaps(instances, supervised, ignored, diagonals, sigmas, options)
    radii = [group.radius for group in groups]
    displacements, displacement_weights = _make_displacements(instances, supervised, diagonals, radii)
    return DenseTargets(
        heatmaps=torch.cat((keypoint_targets.heatmaps, center_heatmaps), dim=1),
        heatmap_weights=torch.cat((keypoint_targets.heatmap_weights, center_weights), dim=1),
        displacements=displacements,
        displacement_weights=displacement_weights,
    )


def _make_center_heatmaps(
    instances: GroundTruthInstances,
    supervised: Centers,
    ignored: Tensor,
    diagonals: Tensor,
    sigmas: Sequence[float],
    options: CenterHeatmapOptions,
) -> tuple[Tensor, Tensor]:
    """Return center heatmaps and their weights, both (B, G, H, W).

    What is surer wins where Gaussians meet: a supervised instance over a pseudo center, both over an ignored instance.
    """
    height, width = instances.valid_mask.shape[-2:]
    size = (width, height)
    factors = None
    if options.adaptive_reference is not None:
        # With a reference of 40 cells, a diagonal of 20 halves the sigma, and one of 100 meets the upper bound of 1.5.
        factors = (diagonals / options.adaptive_reference).clamp(*options.adaptive_range)  # (B, N)
    heatmaps = render_gaussians(
        *supervised, sigmas, size, factors, options.adaptive_range[1] if factors is not None else 1.0
    )
    weights = _heatmap_weights(heatmaps, instances.valid_mask, options.background_weight)
    is_ignored = render_discs(supervised.points, ignored, [3 * sigma for sigma in sigmas], size)
    # Only where no Gaussian reaches: an ignored instance takes no supervision from a neighbour that it overlaps.
    weights = weights.masked_fill(is_ignored & (heatmaps == 0), 0)
    if instances.pseudo_centers is None:
        return heatmaps, weights
    pseudo = instances.pseudo_centers
    pseudo_heatmaps = render_gaussians(pseudo[..., :2], pseudo[..., 2] > 0, sigmas, size)
    # Where a labelled instance has a Gaussian its weight of 1 stays: the larger of 1 and 0.25 wins.
    pseudo_weights = options.pseudo_weight * (pseudo_heatmaps > 0)
    return torch.maximum(heatmaps, pseudo_heatmaps), torch.maximum(weights, pseudo_weights)


def _smallest_first(instances: GroundTruthInstances) -> GroundTruthInstances:
    """Return the instances by rising diagonal, so that an index is also a rank in the contest for cells."""
    diagonals = pose_diagonals(instances.keypoints, instances.labelled)
    order = diagonals.argsort(dim=1, stable=True)
    num_keypoints = instances.keypoints.shape[2]
    # Pseudo centers stay in their order: they belong to boxes without keypoints, not to these instances.
    return instances._replace(
        keypoints=instances.keypoints.gather(1, order[..., None, None].expand(-1, -1, num_keypoints, 2)),
        labelled=instances.labelled.gather(1, order[..., None].expand(-1, -1, num_keypoints)),
        areas=instances.areas.gather(1, order),
        box_centers=instances.box_centers.gather(1, order[..., None].expand(-1, -1, 2)),
    )


def _make_displacements(
    instances: GroundTruthInstances, centers: Centers, diagonals: Tensor, radii: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Return displacements and weights, both (B, G * 2K, H, W), for instances sorted by rising diagonal."""
    num_images, _, num_keypoints = instances.labelled.shape
    height, width = instances.valid_mask.shape[-2:]
    num_centers = len(radii)
    owners = assign_cells(centers.points, centers.valid, radii, (width, height))

    # Example: at cell 7 the discs of instances 0 (diagonal 10) and 1 (diagonal 60) overlap. The smaller has the lower
    # index, hence owners[..., 7] = 0. A cell outside all discs has owner N = 2: the table's last column, zeros.
    labelled = instances.labelled & is_inside(instances.keypoints, (width, height))
    # Errors grow with the instance: by the weights 1 / 60 and 1 / 10, 6 cells off on a diagonal of 60 count about as
    # much as 1 cell off on a diagonal of 10.
    weights = labelled / diagonals.clamp(min=1)[..., None]  # (B, N, K)
    weight_table = torch.nn.functional.pad(weights.transpose(1, 2), (0, 1))  # (B, K, N + 1)
    point_table = torch.where(labelled[..., None], instances.keypoints, instances.keypoints.new_zeros(()))
    point_table = point_table.flatten(2).transpose(1, 2)  # (B, 2K, N)
    point_table = torch.nn.functional.pad(point_table, (0, 1))  # (B, 2K, N + 1)

    def read(table: Tensor) -> Tensor:
        """Return (B, G, rows, H * W): each cell's column of a (B, rows, N + 1) table."""
        rows = table.shape[1]
        source = table[:, None].expand(-1, num_centers, -1, -1)  # (B, G, rows, N + 1), a view: nothing is copied
        return source.gather(3, owners[:, :, None].expand(-1, -1, rows, -1))

    cell_weights = read(weight_table)  # (B, G, K, H * W)
    shape = (num_images, num_centers, num_keypoints, 2, height * width)
    cell_weights = cell_weights[:, :, :, None].expand(shape)  # x and y weigh the same
    steps_y, steps_x = torch.meshgrid(
        torch.arange(height, device=owners.device), torch.arange(width, device=owners.device), indexing='ij'
    )
    # A displacement is keypoint minus cell: a wrist at (12.5, 3) read at cell (10, 4) has (2.5, -1).
    cells = torch.stack((steps_x, steps_y)).reshape(2, -1).to(cell_weights.dtype)
    displacements = (read(point_table).reshape(shape) - cells) * (cell_weights > 0)
    maps = (num_images, num_centers * num_keypoints * 2, height, width)  # center-major, x before y
    return displacements.reshape(maps), cell_weights.reshape(maps)


def scale_instances(instances: GroundTruthInstances, factor: float, align: str) -> GroundTruthInstances:
    """Return the instances on a grid with ``factor`` times as many cells a side.

    Args:
        instances: the ground truth.
        factor: new cells per old cell.
        align: cell alignment, see :mod:`dualcenter_mmpose.coordinates`.
    """
    size = [round(side * factor) for side in instances.valid_mask.shape[-2:]]
    mask = torch.nn.functional.interpolate(
        instances.valid_mask[:, None].float(), size=size, mode='nearest'
    )  # a cell is masked or not
    return GroundTruthInstances(
        keypoints=map_to_input(instances.keypoints, factor, align),
        labelled=instances.labelled,
        areas=instances.areas * factor**2,
        box_centers=map_to_input(instances.box_centers, factor, align),
        valid_mask=mask[:, 0] > 0,
        pseudo_centers=_scale_pseudo_centers(instances.pseudo_centers, factor, align),
    )


def _scale_pseudo_centers(pseudo_centers: Tensor | None, factor: float, align: str) -> Tensor | None:
    if pseudo_centers is None:
        return None
    return torch.cat((map_to_input(pseudo_centers[..., :2], factor, align), pseudo_centers[..., 2:]), dim=-1)
