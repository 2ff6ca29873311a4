"""Checks of a codec's options and of what a loader packed for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dualcenter_mmpose.codecs.input_checks import check_input_size


def resolve_places(
    pseudo_centers: Mapping[str, tuple[float, float]], names: Sequence[str]
) -> tuple[tuple[float, float] | None, ...]:
    """Return the place of every center group's pseudo center in a box, ``None`` for groups without.

    Args:
        pseudo_centers: center group name -> shares (x, y) of the box's width and height.
        names: of all center groups.

    Raises:
        ValueError: for a name that is no center group's.
    """
    unknown = sorted(set(pseudo_centers) - set(names))
    if unknown:
        raise ValueError(f'pseudo_centers names {unknown}, but the center groups are {list(names)}')
    return tuple(pseudo_centers.get(name) for name in names)


def check_sizes(input_size: tuple[int, int], heatmap_size: tuple[int, int]) -> float:
    """Return the stride in input px per cell.

    Raises:
        ValueError: if it is not the same in x and y.
    """
    input_size = check_input_size(input_size)
    strides = [side / cells for side, cells in zip(input_size, heatmap_size)]
    if strides[0] != strides[1]:
        raise ValueError(
            f'heatmap_size {heatmap_size} does not divide input_size {input_size} by the same stride in x and y'
        )
    return strides[0]


def check_same_grid(
    packed_size: tuple[int, int], bits_shape: Sequence[int], input_size: tuple[int, int], map_size: tuple[int, int]
) -> None:
    """Check that annotations were packed in the input px, and with a mask on the grid, of the codec that reads them.

    Args:
        packed_size: (w, h) that the loader's codec has.
        bits_shape: (1, H, W / 8) of the packed mask.
        input_size: (w, h) of this codec.
        map_size: (W, H) of this codec.

    Raises:
        ValueError: naming both sizes.
    """
    expected = (1, map_size[1], -(-map_size[0] // 8))
    if tuple(packed_size) != tuple(input_size) or tuple(bits_shape) != expected:
        raise ValueError(
            f"the loader's codec packs for input_size {tuple(packed_size)} and a mask of {bits_shape[1]} x about "
            f"{8 * bits_shape[2]} cells (h, w); the head's has input_size {tuple(input_size)} and heatmap_size "
            f'{tuple(map_size)} (W, H): give the encoder of GenerateTarget the sizes of model.head.decoder'
        )
