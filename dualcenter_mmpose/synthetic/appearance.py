"""What a person looks like: skin, hair, clothes and their materials.

Legend: a material is a row of the `Materials` table; colours are BGR in [0, 255] before light
falls on them.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .skeleton import Array, Physique
from .textures import CLOTH_NAMES

(
    SKIN, HAIR, TOP, INNER, BOTTOM, SHOE, SOLE, SOCK, HAT, EYE, IRIS, LIPS, GLASSES, THING, STRAP,
) = range(15)  # fmt: skip
NUM_MATERIALS = 15

# From light to dark; sampled in HSV steps from ordinary photographs' range of skin tones.
_SKIN_TONES = np.array([
    (196, 212, 244), (170, 194, 236), (150, 180, 226), (132, 164, 216), (112, 146, 202),
    (92, 126, 182), (72, 102, 156), (56, 82, 128), (44, 64, 100), (34, 48, 76),
], dtype=np.float64)  # fmt: skip
_HAIR_COLORS = np.array([
    (22, 20, 22), (30, 32, 40), (34, 46, 66), (44, 66, 98), (78, 122, 170), (120, 170, 208),
    (42, 70, 140), (150, 150, 152), (205, 208, 210), (60, 40, 36),
], dtype=np.float64)  # fmt: skip
_HAIR_SHARES = np.array([24, 20, 18, 13, 7, 6, 4, 4, 3, 1], dtype=np.float64)
# Neutrals and denims, which make up most real clothing, before any vivid colour.
_SOBER_COLORS = np.array([
    (28, 26, 26), (56, 54, 52), (96, 94, 92), (150, 150, 150), (236, 236, 236), (215, 220, 226),
    (70, 48, 34), (110, 76, 50), (140, 104, 76), (60, 70, 86), (90, 112, 136), (136, 168, 196),
], dtype=np.float64)  # fmt: skip


class Materials(NamedTuple):
    """One row per material: base and pattern colour, pattern and its repeat in metres, folds and gloss in [0, 1]."""

    color: Array  # (M, 3) BGR
    second: Array  # (M, 3) BGR
    pattern: NDArray[np.int64]  # (M,) index into `textures.CLOTH_NAMES`
    period: Array  # (M,) metres
    folds: Array  # (M,)
    gloss: Array  # (M,)


class Outfit(NamedTuple):
    """Clothes and hair of one person; coverages run along the limb: 0 none, 1 to the elbow or knee, 2 to the end."""

    sleeve: float  # below 0: bare chest
    leg: float
    skirt: float  # coverage of a skirt or dress, 0 if none
    sock: float
    slack: float  # how far cloth stands off the body, as a factor on radii
    tucked: bool
    front: str  # 'plain' | 'open' | 'tie' | 'zip'
    hair: str  # 'bald' | 'short' | 'bob' | 'long' | 'tail' | 'bun' | 'afro'
    hat: str  # '' | 'cap' | 'brim' | 'helmet' | 'hood' | 'beanie'
    beard: bool
    glasses: bool
    thing: str  # '' | 'backpack' | 'bag' | 'ball' | 'board' | 'stick': not part of the person
    materials: Materials


def sample_color(rng: np.random.Generator, vivid: float = 0.5) -> Array:
    """Return a random BGR colour (3,); with probability `vivid` any hue, otherwise a sober cloth colour."""
    if rng.random() < vivid:
        hue, saturation, value = rng.uniform(0, 360), rng.uniform(0.35, 0.95), rng.uniform(0.3, 1.0)
        pixel = np.array([[[hue, saturation, value]]], dtype=np.float32)
        return cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float64) * 255
    color = _SOBER_COLORS[rng.integers(len(_SOBER_COLORS))]
    return np.clip(color * rng.normal(1, 0.12) + rng.normal(0, 6, 3), 8, 250)


def _sample_skin(rng: np.random.Generator) -> Array:
    place = np.clip(rng.beta(1.3, 1.7), 0, 0.999) * (len(_SKIN_TONES) - 1)
    low, part = int(place), place - int(place)
    tone = _SKIN_TONES[low] * (1 - part) + _SKIN_TONES[low + 1] * part
    return np.clip(tone * rng.normal(1, 0.05) + rng.normal(0, 4, 3), 10, 250)


def _sample_patterns(rng: np.random.Generator, is_skirt: bool) -> tuple[str, str]:
    top = 'plain' if rng.random() < 0.5 else str(rng.choice(CLOTH_NAMES[1:]))
    odd = rng.random() < (0.45 if is_skirt else 0.12)
    return top, str(rng.choice(['checks', 'plaid', 'dots', 'flowers', 'pinstripes'])) if odd else 'plain'


def _sample_materials(rng: np.random.Generator, is_skirt: bool, is_dress: bool) -> Materials:
    color = np.zeros((NUM_MATERIALS, 3))
    second = np.zeros((NUM_MATERIALS, 3))
    skin, hair = _sample_skin(rng), _HAIR_COLORS[rng.choice(10, p=_HAIR_SHARES / _HAIR_SHARES.sum())]
    top, bottom = sample_color(rng, 0.62), sample_color(rng, 0.4 if is_skirt else 0.16)
    color[SKIN], color[HAIR] = skin, np.clip(hair * rng.normal(1, 0.1), 5, 245)
    color[TOP], color[BOTTOM] = top, top if is_dress else bottom
    color[INNER] = sample_color(rng, 0.3)
    color[SHOE], color[SOLE] = sample_color(rng, 0.25), rng.choice([40.0, 220.0]) * np.ones(3)
    color[SOCK], color[HAT] = rng.choice([35.0, 235.0]) * np.ones(3), sample_color(rng, 0.5)
    color[EYE], color[IRIS], color[GLASSES] = (205, 210, 215), (34, 32, 32), (30, 28, 28)
    color[LIPS] = skin * (0.68, 0.62, 0.9)
    color[THING], color[STRAP] = sample_color(rng, 0.55), sample_color(rng, 0.2)
    second[:] = color
    second[SKIN], second[HAIR] = skin * 0.9, color[HAIR] * 0.6
    second[TOP], second[BOTTOM] = sample_color(rng, 0.5), sample_color(rng, 0.35)
    second[THING] = sample_color(rng, 0.4)
    names = ['plain'] * NUM_MATERIALS
    names[TOP], names[BOTTOM] = _sample_patterns(rng, is_skirt)
    if is_dress:
        names[BOTTOM], second[BOTTOM] = names[TOP], second[TOP]
    names[HAIR] = 'knit'
    period = np.full(NUM_MATERIALS, rng.uniform(0.25, 0.9))
    period[HAIR] = 0.2
    folds, gloss = np.full(NUM_MATERIALS, 0.04), np.full(NUM_MATERIALS, 0.06)
    folds[[TOP, BOTTOM, INNER]] = rng.uniform(0.12, 0.3), rng.uniform(0.1, 0.26), 0.12
    gloss[[SKIN, HAIR, SHOE, HAT, GLASSES]] = 0.16, 0.22, 0.25, 0.12, 0.6
    pattern = np.array([CLOTH_NAMES.index(name) for name in names])
    return Materials(color, second, pattern, period, folds, gloss)


def sample_outfit(rng: np.random.Generator, physique: Physique) -> Outfit:
    """Return random clothes, hair and things carried; skirts and long hair go with femininity, mostly."""
    feminine = rng.random() < 0.15 + 0.75 * physique.femininity
    is_skirt = feminine and rng.random() < 0.35
    is_dress = is_skirt and rng.random() < 0.5
    skirt = rng.uniform(0.55, 1.45) if is_skirt else 0.0
    sleeve = rng.choice([0.02, 0.55, 0.75, 1.0, 1.92], p=[0.1, 0.34, 0.12, 0.06, 0.38])
    is_bare = not feminine and rng.random() < 0.04
    leg = 0.25 if is_skirt else rng.choice([0.35, 0.8, 1.1, 1.93], p=[0.05, 0.2, 0.07, 0.68])
    hairs = ['long', 'tail', 'bob', 'bun', 'short'] if feminine else ['short', 'bald', 'afro', 'bob', 'tail']
    shares = [0.4, 0.22, 0.2, 0.08, 0.1] if feminine else [0.78, 0.09, 0.05, 0.05, 0.03]
    hats = ['', 'cap', 'brim', 'helmet', 'hood', 'beanie']
    things = ['', 'backpack', 'bag', 'ball', 'board', 'stick']
    return Outfit(
        sleeve=-1.0 if is_bare else float(sleeve),
        leg=float(leg),
        skirt=float(skirt),
        sock=float(rng.choice([0.0, 1.0, 0.3], p=[0.5, 0.4, 0.1])),
        slack=float(rng.uniform(1.04, 1.14 if feminine else 1.34)),
        tucked=bool(is_skirt or rng.random() < 0.35),
        front=str(rng.choice(['plain', 'open', 'tie', 'zip'], p=[0.55, 0.2, 0.07, 0.18])),
        hair=str(rng.choice(hairs, p=shares)),
        hat=str(rng.choice(hats, p=[0.7, 0.11, 0.04, 0.06, 0.04, 0.05])),
        beard=bool(not feminine and physique.stature > 1.5 and rng.random() < 0.24),
        glasses=bool(rng.random() < 0.13),
        thing=str(rng.choice(things, p=[0.66, 0.09, 0.1, 0.05, 0.05, 0.05])),
        materials=_sample_materials(rng, is_skirt, is_dress),
    )
