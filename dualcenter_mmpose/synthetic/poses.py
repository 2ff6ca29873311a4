"""Pose families: how people stand, walk, sit, reach, bend, lie and play, as joint angles within limits.

Legend: angles (J, 3) are the anatomical degrees of `skeleton`. A family is a function that fills
the angles of one person and names what carries the weight. To add one, write such a function and
put it into `_FAMILIES` with its share.
"""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .skeleton import JOINT, LIMITS, Array, clamp_angles, rotation_about

FLEXION, SIDE, TWIST = 0, 1, 2
_SIDES = ('left', 'right')


class Pose(NamedTuple):
    """Joint angles of one person and what carries the weight: 'feet', 'seat', 'ground' or 'air'."""

    family: str
    angles: Array  # (J, 3) degrees
    tilt: Array  # (3, 3) rotation of the whole body before it is turned about the vertical
    support: str


class _Draft:
    """Angles under construction, with names instead of indices."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.angles: Array = rng.normal(0.0, 2.5, LIMITS.shape[:2])
        self.tilt: Array = np.eye(3)

    def set(self, joint: str, *means: float, spread: float = 6.0) -> None:
        """Draw flexion, side and twist of a joint (as many as given) about the means."""
        count = len(means)
        self.angles[JOINT[joint], :count] = self.rng.normal(means, spread)

    def get(self, joint: str, axis: int = FLEXION) -> float:
        return float(self.angles[JOINT[joint], axis])

    def plant_feet(self) -> None:
        """Turn the ankles so that both soles lie flat, as far as their limits allow."""
        for side in _SIDES:
            lean = self.get('pelvis') - self.get(side + '_hip') + self.get(side + '_knee')
            self.set(side + '_ankle', lean, 0.0, 0.0, spread=2.0)


_Arm = Callable[[_Draft, str], None]
_Family = Callable[[_Draft], str]


def _arm(*means: float, spread: float = 8.0) -> _Arm:
    """Return an arm style from the means of shoulder flexion, side, twist, elbow flexion and forearm twist."""

    def apply(draft: _Draft, side: str) -> None:
        draft.set(side + '_shoulder', *means[:3], spread=spread)
        draft.set(side + '_elbow', means[3], 0.0, means[4], spread=spread)
        draft.set(side + '_wrist', 5.0, 0.0, spread=10.0)

    return apply


_ARMS: dict[str, tuple[_Arm, float]] = {
    'hanging': (_arm(2, 8, 5, 14, 0), 0.34),
    'swinging': (_arm(18, 10, 0, 32, 0, spread=16), 0.12),
    'on hip': (_arm(-16, 46, 58, 104, 0, spread=5), 0.07),
    'in front': (_arm(26, 12, 30, 92, 10, spread=12), 0.15),
    'folded': (_arm(24, 8, 62, 104, 0, spread=5), 0.06),
    'at face': (_arm(42, 22, 24, 136, 10), 0.06),
    'waving': (_arm(30, 100, -48, 82, 0, spread=14), 0.05),
    'raised': (_arm(158, 14, 0, 18, 0, spread=12), 0.04),
    'forward': (_arm(78, 10, 0, 18, 0, spread=14), 0.06),
    'sideways': (_arm(8, 84, 0, 14, 0, spread=14), 0.05),
}


def _move_arms(draft: _Draft, *allowed: str) -> None:
    """Give each arm a style; three times in five both arms share one."""
    names = list(allowed or _ARMS)
    shares = np.array([_ARMS[name][1] for name in names])
    picks = draft.rng.choice(len(names), size=2, p=shares / shares.sum())
    if draft.rng.random() < 0.6:
        picks[1] = picks[0]
    for side, pick in zip(_SIDES, picks):
        _ARMS[names[pick]][0](draft, side)


def _turn_head(draft: _Draft, spread: float = 18.0) -> None:
    rng = draft.rng
    draft.angles[JOINT['neck']] += (rng.normal(4, 8), rng.normal(0, 5), rng.normal(0, spread))
    draft.angles[JOINT['head'], FLEXION] += rng.normal(4, 8)


def _standing(draft: _Draft) -> str:
    relaxed = str(draft.rng.choice(_SIDES))
    for side in _SIDES:
        bend = abs(draft.rng.normal(0, 14 if side == relaxed else 3))
        draft.set(side + '_hip', 0.6 * bend, 5, -6, spread=3)
        draft.set(side + '_knee', bend, spread=2)
    draft.set('lumbar', 0, 0, 0, spread=5)
    _move_arms(draft)
    draft.plant_feet()
    return 'feet'


def _walk(draft: _Draft, stride: float, knee: float, elbow: float, lean: float) -> None:
    """Fill one moment of a gait: opposite arms and legs swing together, the leg that swings forward bends."""
    phase = draft.rng.uniform(0, 2 * np.pi)
    for side, start in zip(_SIDES, (0.0, np.pi)):
        swing, lift = np.sin(phase + start), max(0.0, np.cos(phase + start))
        draft.set(side + '_hip', stride * swing + 0.35 * knee * lift + lean, 3, -3, spread=3)
        draft.set(side + '_knee', 6 + knee * lift + 0.15 * knee * max(0.0, -swing), spread=3)
        draft.set(side + '_ankle', 6 * swing - 14 * lift, spread=4)
        draft.set(side + '_shoulder', -0.9 * stride * swing, 10, 5, spread=5)
        draft.set(side + '_elbow', elbow, 0.0, 0.0, spread=8)
    draft.set('pelvis', lean, 0.0, 5 * np.sin(phase), spread=2)
    draft.set('chest', lean * 0.4, 0.0, -10 * np.sin(phase), spread=3)


def _walking(draft: _Draft) -> str:
    _walk(draft, draft.rng.uniform(14, 32), draft.rng.uniform(25, 50), 22, 3)
    if draft.rng.random() < 0.3:
        _move_arms(draft, 'in front', 'at face', 'swinging', 'hanging')
    return 'feet'


def _running(draft: _Draft) -> str:
    _walk(draft, draft.rng.uniform(32, 52), draft.rng.uniform(70, 105), 85, 10)
    return str(draft.rng.choice(['feet', 'air']))


def _sitting(draft: _Draft) -> str:
    recline = draft.rng.normal(-4, 10)
    draft.set('pelvis', recline, 0, 0, spread=3)
    draft.set('lumbar', max(0.0, draft.rng.normal(8, 12)), 0, 0, spread=4)
    spread_legs = abs(draft.rng.normal(8, 9))
    for side in _SIDES:
        draft.set(side + '_hip', 86 + recline, spread_legs, -4, spread=6)
        draft.set(side + '_knee', draft.rng.choice([62, 88, 100]), spread=8)
    _move_arms(draft, 'in front', 'folded', 'at face', 'hanging', 'swinging', 'forward')
    draft.plant_feet()
    return 'seat'


def _sitting_on_ground(draft: _Draft) -> str:
    draft.set('pelvis', -14, 0, 0, spread=8)
    draft.set('lumbar', 22, 0, 0, spread=8)
    crossed = draft.rng.random() < 0.4
    for side in _SIDES:
        knee = 125 if crossed else draft.rng.uniform(5, 115)
        draft.set(side + '_hip', 72 + 0.28 * knee, 38 if crossed else 10, 0, spread=7)
        draft.angles[JOINT[side + '_hip'], TWIST] = -40 if crossed else draft.rng.normal(-6, 8)
        draft.set(side + '_knee', knee, spread=5)
        draft.set(side + '_ankle', -12, spread=8)
    _move_arms(draft, 'in front', 'folded', 'forward', 'hanging', 'at face')
    return 'ground'


def _squatting(draft: _Draft) -> str:
    depth = draft.rng.uniform(70, 135)
    lean = draft.rng.uniform(10, 40)
    draft.set('pelvis', lean, 0, 0, spread=3)
    draft.set('lumbar', 12, 0, 0, spread=8)
    for side in _SIDES:
        draft.set(side + '_hip', lean + 0.62 * depth, 14, -10, spread=5)
        draft.set(side + '_knee', depth, spread=5)
    _move_arms(draft, 'in front', 'forward', 'swinging', 'at face')
    draft.plant_feet()
    return 'feet'


def _kneeling(draft: _Draft) -> str:
    front = str(draft.rng.choice(_SIDES))
    draft.set('pelvis', 6, 0, 0, spread=6)
    for side in _SIDES:
        draft.set(side + '_hip', 88 if side == front else 4, 6, 0, spread=6)
        draft.set(side + '_knee', 92, spread=6)
        draft.set(side + '_ankle', 2 if side == front else -30, spread=6)
    _move_arms(draft, 'in front', 'forward', 'swinging', 'at face', 'raised')
    return 'feet'


def _reaching(draft: _Draft) -> str:
    _standing(draft)
    side = str(draft.rng.choice(_SIDES))
    both = draft.rng.random() < 0.35
    height, outward = draft.rng.uniform(60, 170), draft.rng.uniform(0, 55)
    for name in _SIDES if both else (side,):
        draft.set(name + '_shoulder', height, outward, 0, spread=8)
        draft.set(name + '_elbow', abs(draft.rng.normal(0, 18)), spread=3)
        draft.set(name + '_clavicle', 4, 0.12 * height, spread=3)
    sway = draft.rng.uniform(-4, 16) * (1 if side == 'left' else -1)
    draft.set('lumbar', draft.rng.uniform(-8, 18), sway, sway, spread=4)
    draft.angles[JOINT['neck'], FLEXION] = 14 - 0.24 * height
    return 'feet'


def _bending(draft: _Draft) -> str:
    lean = draft.rng.uniform(22, 82)
    knee = abs(draft.rng.normal(0, 22))
    draft.set('pelvis', lean, 0, 0, spread=3)
    draft.set('lumbar', draft.rng.uniform(8, 42), 0, 0, spread=6)
    draft.set('neck', draft.rng.normal(-12, 16), 0, 0, spread=8)
    stagger = draft.rng.normal(0, 12)
    for side, sign in zip(_SIDES, (1, -1)):
        draft.set(side + '_hip', lean + 0.55 * knee + sign * stagger, 7, -4, spread=3)
        draft.set(side + '_knee', knee, spread=4)
        draft.set(side + '_shoulder', draft.rng.uniform(45, 115), 8, 8, spread=8)
        draft.set(side + '_elbow', abs(draft.rng.normal(0, 30)), spread=4)
    draft.plant_feet()
    return 'feet'


def _lying(draft: _Draft) -> str:
    style = int(draft.rng.integers(3))
    draft.tilt = rotation_about(0, -90.0 if style else 90.0) @ rotation_about(
        1, 90.0 * draft.rng.choice([-1, 1]) if style == 2 else 0.0
    )
    # Face down legs lie straight, face up bent legs stand on their soles, on the side they may curl.
    curl = abs(draft.rng.normal(0, 22)) if style == 2 else 0.0
    draft.set('lumbar', 0.4 * curl, 0, 0, spread=4)
    for side in _SIDES:
        knee = abs(draft.rng.normal(0, 45 if style else 14))
        draft.set(side + '_hip', curl + (0.5 * knee if style else 0), 7, 0, spread=3)
        draft.set(side + '_knee', knee, spread=4)
        draft.set(side + '_ankle', -25, spread=8)
    _move_arms(draft, 'hanging', 'in front', 'at face', 'raised', 'sideways', 'folded')
    return 'ground'


def _playing(draft: _Draft) -> str:
    """Fill a lunge, a kick or a swing with both arms: wide, asymmetric poses seen in sports."""
    front, back = _SIDES if draft.rng.random() < 0.5 else _SIDES[::-1]
    lean = draft.rng.uniform(-8, 28)
    draft.set('pelvis', lean, draft.rng.normal(0, 8), draft.rng.normal(0, 18), spread=3)
    draft.set('lumbar', lean * 0.4, draft.rng.normal(0, 10), draft.rng.normal(0, 14), spread=3)
    draft.set(front + '_hip', draft.rng.uniform(35, 95), 12, 0, spread=6)
    draft.set(front + '_knee', draft.rng.uniform(5, 80), spread=6)
    draft.set(back + '_hip', draft.rng.uniform(-24, 15), 14, 0, spread=6)
    draft.set(back + '_knee', draft.rng.uniform(5, 60), spread=6)
    draft.set(back + '_ankle', -15, spread=8)
    _move_arms(draft, 'swinging', 'raised', 'forward', 'sideways', 'waving')
    return str(draft.rng.choice(['feet', 'feet', 'air']))


_FAMILIES: dict[str, tuple[_Family, float]] = {
    'standing': (_standing, 0.34),
    'walking': (_walking, 0.17),
    'running': (_running, 0.05),
    'sitting': (_sitting, 0.14),
    'sitting on ground': (_sitting_on_ground, 0.05),
    'squatting': (_squatting, 0.03),
    'kneeling': (_kneeling, 0.02),
    'reaching': (_reaching, 0.07),
    'bending': (_bending, 0.05),
    'lying': (_lying, 0.03),
    'playing': (_playing, 0.05),
}
FAMILY_NAMES = tuple(_FAMILIES)
_FAMILY_SHARES: NDArray[np.float64] = np.array([share for _, share in _FAMILIES.values()])


def sample_pose(rng: np.random.Generator, family: str | None = None) -> Pose:
    """Return a random pose within the joint limits, of the named family or of any.

    Raises:
        KeyError: If the family is not one of `FAMILY_NAMES`.
    """
    if family is None:
        pick = rng.choice(len(FAMILY_NAMES), p=_FAMILY_SHARES / _FAMILY_SHARES.sum())
        family = FAMILY_NAMES[int(pick)]
    elif family not in _FAMILIES:
        raise KeyError(f'family must be one of {", ".join(FAMILY_NAMES)}, got {family!r}')
    draft = _Draft(rng)
    support = _FAMILIES[family][0](draft)
    _turn_head(draft)
    return Pose(family, clamp_angles(draft.angles), draft.tilt, support)
