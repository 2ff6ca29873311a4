"""Checks of a codec's input: sizes, keypoint sets and mirrored images that it would encode wrongly."""

from __future__ import annotations

import numpy as np

from dualcenter_mmpose.keypoints.layout import KeypointLayout

SIZE_DIVISOR = 32


def check_input_size(input_size: tuple[int, int]) -> tuple[int, int]:
    """Return the (w, h) of a network's input, px.

    Args:
        input_size: as a config writes it, a list too.

    Raises:
        ValueError: if a side is not a multiple of 32.
    """
    width, height = input_size
    if width % SIZE_DIVISOR or height % SIZE_DIVISOR:
        raise ValueError(
            f'input_size must be multiples of {SIZE_DIVISOR} (HRNet halves five times), got {(width, height)}'
        )
    return width, height


def check_keypoints(keypoints: np.ndarray, layout: KeypointLayout) -> None:
    """Refuse annotations of another keypoint set.

    Args:
        keypoints: (N, K, 2).
        layout: the codec's keypoint set.

    Raises:
        ValueError: for another shape.
    """
    if keypoints.ndim != 3 or keypoints.shape[1:] != (layout.num_keypoints, 2):
        raise ValueError(
            f"keypoints must be (N, {layout.num_keypoints}, 2) for the keypoint set '{layout.name}', got "
            f'{tuple(keypoints.shape)}; give the codec the metainfo of the data set that is loaded'
        )


def check_mirroring(flip: bool | None, size: tuple[int, int]) -> None:
    """Refuse mirrored images that are not square: their keypoints are wrong before any codec sees them.

    MMPose 1.3.2's ``RandomFlip`` reads ``input_size``, which is (w, h), as (h, w).

    Args:
        flip: whether the image was mirrored.
        size: (w, h) of the image, px.

    Raises:
        ValueError: for such an image.
    """
    if flip and size[0] != size[1]:
        raise ValueError(
            f'the mirrored keypoints of a {size[0]} x {size[1]} image are wrong: RandomFlip of MMPose mirrors '
            'them about the middle of the other side; train on square inputs or leave RandomFlip out'
        )
