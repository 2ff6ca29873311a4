"""What a codec needs to know of a keypoint set: names, mirror indices and OKS sigmas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FACE_NAMES = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
"""Head of COCO-like sets. Source: PINet's public configuration; the paper says only "head"."""

SKULL_NAMES = ('top_head', 'head_top', 'head', 'neck', 'upper_neck')
"""Head of sets without a face: CrowdPose (top of head, neck), MPII (head top, upper neck), JHMDB."""

TORSO_PAIRS = (('left_shoulder', 'right_shoulder'), ('left_hip', 'right_hip'))
"""Body of the paper, section 3.2: the interpolation of shoulders and hips."""


@dataclass(frozen=True)
class KeypointLayout:
    """A keypoint set.

    Attributes:
        name: the data set's name, for messages.
        keypoint_names: K names in index order.
        flip_indices: K indices; the keypoint that each one becomes in a mirrored image.
        oks_sigmas: K standard deviations of annotators, shares of the instance size, as MMPose's ``sigmas``. COCO's OKS
            divides distances by kappa = 2 sigma: exp(-d^2 / (2 area kappa^2)); code here writes the 2.
        center_keypoints: center group name -> keypoint names, where the data set's metainfo names them (key
            ``center_keypoints``); they take precedence over the standard names.
    """

    name: str
    keypoint_names: tuple[str, ...]
    flip_indices: tuple[int, ...]
    oks_sigmas: tuple[float, ...]
    center_keypoints: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def num_keypoints(self) -> int:
        """Number of keypoints K."""
        return len(self.keypoint_names)

    def index(self, keypoint: str | int) -> int:
        """Return the index of a keypoint given by name or index.

        Raises:
            ValueError: if the set has no such keypoint.
        """
        if isinstance(keypoint, int):
            if not 0 <= keypoint < self.num_keypoints:
                raise ValueError(
                    f"keypoint index {keypoint} is outside the keypoint set '{self.name}', "
                    f'which has {self.num_keypoints} keypoints'
                )
            return keypoint
        if keypoint not in self.keypoint_names:
            raise ValueError(
                f"keypoint '{keypoint}' is not in the keypoint set '{self.name}'; "
                f'its keypoints are {list(self.keypoint_names)}'
            )
        return self.keypoint_names.index(keypoint)

    def head_keypoints(self) -> list[str]:
        """Return the standard head keypoints that the set has: the face, else skull and neck; may be empty."""
        face = [name for name in FACE_NAMES if name in self.keypoint_names]
        return face or [name for name in SKULL_NAMES if name in self.keypoint_names]

    def torso_pairs(self) -> list[list[str]]:
        """Return the standard left/right torso pairs that the set has in full; may be empty."""
        return [list(pair) for pair in TORSO_PAIRS if all(n in self.keypoint_names for n in pair)]
