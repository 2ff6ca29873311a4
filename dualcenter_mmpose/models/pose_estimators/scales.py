"""The scales of multi-scale training: which there are, how large their images are, which of them a step runs.

A scale s sees the image at s * S, S being the nominal (test) size. The training batch arrives at the largest scale's
size; the images of the other scales are reduced from it. The features of every scale are brought to the grid of the
nominal one, where the targets live, so that a Gaussian of fixed width in cells is wide in the pixels of a large scale
and narrow in a small one's: a larger kernel for larger instances, without any rule for it (paper, Fig. 2 and section
3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

NOMINAL = 1.0
SIZE_DIVISOR = 32
"""HRNet halves its input five times."""


@dataclass(frozen=True)
class TrainingScale:
    """One scale.

    Attributes:
        factor: input size over the nominal size.
        weight: share of the scale in the loss, relative to the others'.
    """

    factor: float
    weight: float

    @property
    def is_nominal(self) -> bool:
        """Whether this is the scale that the test uses."""
        return self.factor == NOMINAL

    @property
    def key(self) -> str:
        """Name for module dictionaries, which take no dot."""
        return f'scale_{self.factor:g}x'.replace('.', '_')

    @property
    def label(self) -> str:
        """Name for logs."""
        return f'{self.factor:g}x'


def make_scales(factors: Sequence[float], weights: Sequence[float] | None) -> tuple[TrainingScale, ...]:
    """Return the scales, checked.

    Args:
        factors: positive, distinct, the nominal 1 among them.
        weights: one positive number per scale; equal by default. Only their ratios matter.

    Raises:
        ValueError: if an argument is not as described.
    """
    if weights is None:
        weights = [1.0] * len(factors)
    if len(weights) != len(factors) or not all(weight > 0 for weight in weights):
        raise ValueError(f'scale_weights must be {len(factors)} positive numbers for scales {factors}, got {weights}')
    if NOMINAL not in factors or len(set(factors)) != len(factors) or min(factors) <= 0:
        raise ValueError(f'scales must be positive, distinct and contain 1, the scale of the test; got {factors}')
    return tuple(TrainingScale(float(factor), float(weight)) for factor, weight in zip(factors, weights))


def draw_scales(
    scales: Sequence[TrainingScale], count: int, probabilities: Sequence[float] | None, seed: int
) -> list[TrainingScale]:
    """Return the scales of one step, the nominal one last.

    The nominal scale last lets a sequential step end with the pass that every process synchronises on.

    Args:
        scales: all of them.
        count: how many to draw, without repetition.
        probabilities: chances of the scales; equal by default.
        seed: of the draw; the same on every process.
    """
    drawn = list(scales)
    if count < len(scales):
        generator = torch.Generator().manual_seed(seed)
        chances = torch.tensor(probabilities or [1] * len(scales), dtype=torch.float64)
        drawn = [scales[i] for i in torch.multinomial(chances, count, generator=generator).tolist()]
    return sorted(drawn, key=lambda scale: scale.is_nominal)


def scale_size(largest_size: tuple[int, int], largest: float, factor: float) -> tuple[int, int]:
    """Return a scale's (h, w) given the largest scale's.

    Args:
        largest_size: (h, w) of the largest scale, px.
        largest: the largest scale's factor.
        factor: that of the scale asked for.

    Raises:
        ValueError: if a side is not a multiple of 32.
    """
    height, width = (side / largest * factor for side in largest_size)
    if height % SIZE_DIVISOR or width % SIZE_DIVISOR:
        raise ValueError(
            f'scale {factor:g} of images of {tuple(largest_size)} px (h, w) would be {height:g} x {width:g} px, not '
            f'multiples of {SIZE_DIVISOR}; change the input_size of the training pipeline or the scales'
        )
    return int(height), int(width)
