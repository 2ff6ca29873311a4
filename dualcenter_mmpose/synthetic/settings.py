"""What decides the contents of a data set."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any, NamedTuple


class Settings(NamedTuple):
    """What decides the contents of a data set."""

    num_images: int
    seed: int = 0
    num_val_images: int | None = None  # the last images; None: a tenth of all
    size: int = 512  # long side in px
    people: tuple[int, int] | None = None  # bounds on the people placed in an image
    layout: str | None = None  # COCO keypoint file that gives sizes, places and poses
    layout_share: float = 1.0  # of the images, evenly among them; the others are sampled

    @property
    def num_val(self) -> int:
        """Return the number of validation images, a tenth of all unless given."""
        return self.num_images // 10 if self.num_val_images is None else self.num_val_images

    def check(self) -> None:
        """Raise ValueError for a setting that makes no sense."""
        for name, value, low, high in (
            ('images', self.num_images, 1, 10**9),
            ('seed', self.seed, 0, 2**63),
            ('val images', self.num_val, 0, self.num_images),
            ('size', self.size, 64, 4096),
        ):
            if not low <= value <= high:
                raise ValueError(f'{name} must be between {low} and {high}, got {value}')
        if self.people is not None and not 1 <= self.people[0] <= self.people[1] <= 60:
            raise ValueError(f'people must be two numbers, 1 <= MIN <= MAX <= 60, got {self.people}')
        if not 0 < self.layout_share <= 1:
            raise ValueError(f'layout share must be above 0 and at most 1, got {self.layout_share}')
        if self.layout is None and self.layout_share != 1:
            raise ValueError(f'a layout share ({self.layout_share}) needs a layout')
        if self.layout is not None and self.people is not None:
            raise ValueError('a layout says how many people there are: give either people or a layout')

    def layout_turn(self, idx: int) -> int | None:
        """Return how many images before `idx` follow the layout, or None where that image is sampled."""
        if self.layout is None:
            return None
        before, after = (math.floor(count * self.layout_share) for count in (idx, idx + 1))
        return before if after > before else None

    def describe(self) -> dict[str, Any]:
        """Return the arguments as they stand in the annotation files: no paths, but the layout's contents hashed."""
        layout: dict[str, Any] | None = None
        if self.layout is not None:
            content = Path(self.layout).read_bytes()
            layout = {'file': Path(self.layout).name, 'sha256': hashlib.sha256(content).hexdigest()}
            if self.layout_share != 1:  # absent otherwise, as in sets made before there were shares
                layout['share'] = self.layout_share
        return {
            'images': self.num_images,
            'val_images': self.num_val,
            'size': None if layout and self.layout_share == 1 else self.size,
            'people': list(self.people) if self.people else None,
            'layout': layout,
        }
