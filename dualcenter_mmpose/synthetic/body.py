"""The dressed body: which parts torso, arms, legs and things in the hand are made of.

Legend: lengths are fractions of the stature; see `parts` for how the ends of a part are tied to a figure's points.
"""

from __future__ import annotations

import numpy as np

from . import appearance as look
from .appearance import Outfit
from .head import add_hair, add_hat, add_head
from .parts import (
    ACROSS_CHEST,
    ACROSS_HIPS,
    CHEST_FRONT,
    FIRST,
    LAST,
    OPEN,
    PELVIS_FRONT,
    ROW,
    UPWARD,
    Assembly,
    Parts,
    mix,
)
from .skeleton import Physique

_SIDES = ('left', 'right')
_MID_HIPS = mix('left_hip', 'right_hip', 0.5)
_MID_KNEES = mix('left_knee', 'right_knee', 0.5)


def build_parts(physique: Physique, outfit: Outfit) -> Parts:
    """Return the parts of a dressed person, details of the face included."""
    body = Assembly(physique, outfit)
    _add_torso(body)
    for side in _SIDES:
        _add_arm(body, side)
        _add_leg(body, side)
    if outfit.skirt:
        _add_skirt(body)
    add_head(body)
    add_hair(body)
    add_hat(body)
    _add_thing(body)
    return body.finish()


def _add_torso(body: Assembly) -> None:
    outfit, physique = body.outfit, body.physique
    girth, slack = physique.girth, 0.5 + 0.5 * outfit.slack
    top = look.SKIN if outfit.sleeve < 0 else look.TOP
    shirt = girth * (slack if outfit.sleeve >= 0 else 1.0)
    waist = 0.060 - 0.006 * physique.femininity
    hips = (mix('left_hip', 'right_hip', 0.08), mix('left_hip', 'right_hip', 0.92))
    body.cone(hips, (0.058 * girth,) * 2, look.BOTTOM, UPWARD, (1.15, 0.98))
    belly = (mix('pelvis', 'lumbar', 0.35), mix('lumbar', 'chest', 0.9))
    body.cone(belly, (0.062 * shirt, waist * shirt), top, ACROSS_CHEST, (1.26, 0.96), FIRST)
    if outfit.tucked or outfit.sleeve < 0:
        band = (mix('pelvis', 'lumbar', -0.1), mix('pelvis', 'lumbar', 1.0))
        radii = (0.066 * girth * slack, 0.063 * girth * slack)
        body.cone(band, radii, look.BOTTOM, ACROSS_HIPS, (1.42, 1.05), OPEN, -0.1)
    else:
        hem = (mix('pelvis', 'lumbar', 1.2), mix('pelvis', 'lumbar', -0.6))
        radii = (0.056 * shirt, 0.073 * shirt)
        body.cone(hem, radii, top, ACROSS_HIPS, (1.42, 1.07), OPEN, -0.1)
    chest = (mix('chest', 'neck', -0.05), mix('chest', 'neck', 0.64))
    body.cone(chest, (0.063 * shirt, 0.055 * shirt), top, ACROSS_CHEST, (1.38, 1.0), offset=0.17)
    yoke = (mix('left_shoulder', 'right_shoulder', 0.06), mix('left_shoulder', 'right_shoulder', 0.94))
    cover = top if outfit.sleeve > 0.1 or top == look.SKIN else look.TOP
    body.cone(yoke, (0.034 * shirt, 0.034 * shirt), cover, UPWARD)
    for side in _SIDES:
        slope = (mix('neck', 'head', -0.1), mix('neck', side + '_shoulder', 0.72))
        body.cone(slope, (0.030 * shirt, 0.028 * shirt), cover, CHEST_FRONT, caps=OPEN)
        if physique.femininity > 0.4:
            bust = mix(mix('chest', 'neck', 0.42), side + '_shoulder', 0.42) + 0.046 * CHEST_FRONT
            body.cone((bust, bust + 0.02 * UPWARD), (0.030 * shirt,) * 2, top, ACROSS_CHEST, caps=FIRST)
    body.cone((ROW['neck'], mix('neck', 'head', 1.2)), (0.031 * girth, 0.029 * girth), look.SKIN, caps=OPEN)
    _add_front(body, shirt)


def _add_front(body: Assembly, shirt: float) -> None:
    """Add what only the front of a top shows: an open jacket, a tie or a zip."""
    front = body.outfit.front
    if front == 'plain' or body.outfit.sleeve < 0:
        return
    width, material = {'open': (2.2, look.INNER), 'tie': (0.9, look.INNER), 'zip': (0.25, look.SOLE)}[front]
    upper = mix('chest', 'neck', 0.80) + 0.046 * shirt * CHEST_FRONT
    middle = mix('chest', 'neck', 0.10) + 0.057 * shirt * CHEST_FRONT
    lower = mix('pelvis', 'lumbar', 0.3) + 0.055 * shirt * PELVIS_FRONT
    body.cone((upper, middle), (0.010, 0.010), material, ACROSS_CHEST, (width, 1.0), OPEN)
    body.cone((middle, lower), (0.010, 0.010), material, ACROSS_CHEST, (width, 1.0), FIRST)


def _add_limb(
    body: Assembly,
    names: tuple[str, str, str],
    radii: tuple[float, float, float],
    coverage: float,
    materials: tuple[int, int],
) -> None:
    """Add two bones of a limb, covered by cloth as far as `coverage` (1 = the middle joint) and bare beyond it."""
    girth, slack = body.physique.limb_girth, body.outfit.slack
    cloth, bare = materials
    for bone in range(2):
        part = float(np.clip(coverage - bone, 0.0, 1.0))
        first, last = radii[bone] * girth, radii[bone + 1] * girth
        edge = mix(names[bone], names[bone + 1], part)
        at_edge = first + part * (last - first)
        if part > 0:
            ends, cuff = (ROW[names[bone]], edge), at_edge * (1 + (slack - 1) * (1 + bone))
            caps = (bone == 0, part >= 1 and bone == 0)
            root = first * (slack if bone else 0.6 + 0.4 * slack)
            body.cone(ends, (root, cuff), cloth, caps=caps, offset=0.2 * bone)
        if part < 1:
            start = ROW[names[bone]] if part == 0 else mix(edge, names[bone], 0.05)
            body.cone((start, ROW[names[bone + 1]]), (at_edge, last), bare, caps=(False, True))


def _add_arm(body: Assembly, side: str) -> None:
    girth = body.physique.limb_girth
    names = (side + '_shoulder', side + '_elbow', side + '_wrist')
    coverage = max(0.0, body.outfit.sleeve)
    _add_limb(body, names, (0.0315, 0.024, 0.0165), coverage, (look.TOP, look.SKIN))
    if coverage < 0.1:
        shoulder = ROW[names[0]]
        body.cone((shoulder, shoulder), (0.0315 * girth,) * 2, look.SKIN, caps=FIRST)
    wrist, fingers, thumb = names[2], side + '_fingers', side + '_thumb'
    across = ROW[thumb] - ROW[wrist]
    palm = (mix(wrist, fingers, 0.1), mix(wrist, fingers, 0.52))
    body.cone(palm, (0.0175, 0.021), look.SKIN, across, (1.0, 0.55), OPEN)
    body.cone((palm[1], ROW[fingers]), (0.020, 0.010), look.SKIN, across, (1.0, 0.5), LAST)
    body.cone((mix(wrist, fingers, 0.2), ROW[thumb]), (0.010, 0.007), look.SKIN, caps=LAST)


def _add_leg(body: Assembly, side: str) -> None:
    outfit, girth = body.outfit, body.physique.limb_girth
    hip, knee, ankle = side + '_hip', side + '_knee', side + '_ankle'
    _add_limb(body, (hip, knee, ankle), (0.053, 0.035, 0.0215), outfit.leg, (look.BOTTOM, look.SKIN))
    calf = look.BOTTOM if outfit.leg > 1.5 else look.SKIN
    slack = outfit.slack if outfit.leg > 1.5 else 1.0
    ends = (mix(knee, ankle, 0.16), mix(knee, ankle, 0.42))
    body.cone(ends, (0.0345 * girth * slack, 0.032 * girth * slack), calf, caps=OPEN)
    if outfit.sock and outfit.leg < 1.5:
        sock = (mix(ankle, knee, 0.16 + 0.5 * (outfit.sock == 1.0) * (girth > 1)), ROW[ankle])
        body.cone(sock, (0.026 * girth, 0.0235 * girth), look.SOCK, caps=OPEN)
    heel, toe = ROW[side + '_heel'], ROW[side + '_toe']
    shoe = (mix(heel, toe, 0.12), mix(heel, toe, 0.86))
    body.cone((ROW[ankle], mix(heel, toe, 0.30)), (0.024, 0.025), look.SHOE, caps=FIRST)
    body.cone(shoe, (0.025, 0.0205), look.SHOE, flatten=(1.05, 1.0))
    sole = 0.45 * (ROW[side + '_heel'] - ROW[ankle])
    body.cone((shoe[0] + sole, shoe[1] + sole), (0.017, 0.013), look.SOLE, flatten=(1.45, 0.8), caps=LAST)


def _add_skirt(body: Assembly) -> None:
    """Add a skirt that hangs from the waist towards the knees, and cloth around each thigh for seated poses."""
    length, girth = body.outfit.skirt, body.physique.girth
    waist = mix('pelvis', 'lumbar', 0.9)
    hem = mix(_MID_HIPS, _MID_KNEES, min(1.15, length))
    flare = 0.066 + 0.028 * length
    body.cone((waist, hem), (0.058 * girth, flare * girth), look.BOTTOM, ACROSS_HIPS, (1.35, 1.0), FIRST)
    for side in _SIDES:
        reach = mix(side + '_hip', side + '_knee', min(1.05, length * 0.9))
        ends = (ROW[side + '_hip'], reach)
        radii = (0.062 * girth, 0.055 * girth)
        body.cone(ends, radii, look.BOTTOM, caps=(False, length > 0.9))


def _add_thing(body: Assembly) -> None:
    """Add something worn or held; it hides the person but is not part of them."""
    thing = body.outfit.thing
    hand = mix('right_wrist', 'right_fingers', 0.6)
    palm = ROW['right_thumb'] - ROW['right_wrist']
    along = ROW['right_fingers'] - ROW['right_wrist']
    if thing == 'backpack':
        back = mix('chest', 'neck', 0.35) - 0.098 * CHEST_FRONT
        body.cone((back, back - 1.8 * UPWARD), (0.075, 0.088), look.THING, ACROSS_CHEST, (1.05, 0.55))
        for side in _SIDES:
            top = mix('neck', side + '_shoulder', 0.55)
            strap = (top + 0.04 * CHEST_FRONT, mix('chest', side + '_shoulder', 0.4) + 0.062 * CHEST_FRONT)
            body.cone(strap, (0.011, 0.011), look.STRAP, caps=OPEN)
    elif thing == 'bag':
        low = hand + 1.5 * along
        body.cone((hand + along, low), (0.055, 0.075), look.THING, palm, (1.3, 0.5))
        body.cone((hand, hand + along), (0.008, 0.008), look.STRAP, caps=OPEN)
    elif thing == 'ball':
        body.cone((hand + 0.7 * along, hand + 0.72 * along), (0.065, 0.065), look.THING, caps=FIRST)
    elif thing == 'board':
        ends = (hand - 1.2 * palm, hand + 3.0 * palm)
        body.cone(ends, (0.06, 0.06), look.THING, along, (1.5, 0.12))
    elif thing == 'stick':
        body.cone((hand - 1.0 * palm, hand + 12.0 * palm), (0.009, 0.013), look.THING)
