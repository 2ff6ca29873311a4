"""Surroundings: where an image is taken, and the light that falls there.

Legend: directions are unit vectors towards the light, in world space (x right, y up, z towards the camera).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .skeleton import Array

OUTDOORS = ('field', 'street', 'beach', 'snow', 'court')
INDOORS = ('room', 'hall')
SETTINGS = (*OUTDOORS, *INDOORS, 'patchwork')
_SHARES = np.array([0.18, 0.22, 0.09, 0.07, 0.12, 0.16, 0.08, 0.08])


class Light(NamedTuple):
    """A directional light over a sky and a ground; colours are BGR factors."""

    direction: Array  # (3,)
    sun: Array  # (3,)
    sky: Array  # (3,)
    bounce: Array  # (3,)

    @property
    def shadow(self) -> float:
        """Return how dark a cast shadow is: the sun's share of the light on the ground, in [0, 1]."""
        sun = float(self.sun.mean() * max(self.direction[1], 0.0))
        return sun / (sun + float(self.sky.mean()) + 1e-6)

    @property
    def exposure(self) -> Array:
        """Return the BGR factor (3,) by which this light colours a surface that faces the camera."""
        return 0.62 * self.sky + 0.3 * self.bounce + 0.45 * self.sun


def sample_setting(rng: np.random.Generator) -> str:
    """Return a random one of `SETTINGS`."""
    return SETTINGS[int(rng.choice(len(SETTINGS), p=_SHARES / _SHARES.sum()))]


def sample_light(rng: np.random.Generator, setting: str) -> Light:
    """Return random light that suits the setting: sun, clouds, dusk, lamps or a flash."""
    azimuth, height = rng.uniform(-np.pi, np.pi), rng.uniform(0.35, 1.25)
    direction = np.array([np.cos(height) * np.sin(azimuth), np.sin(height), np.cos(height) * np.cos(azimuth)])
    moods = ['sun', 'clouds', 'dusk'] if setting in OUTDOORS else ['lamp', 'window', 'flash']
    mood = str(rng.choice(moods, p=[0.5, 0.36, 0.14] if setting in OUTDOORS else [0.5, 0.35, 0.15]))
    # BGR of sun, sky and bounce, chosen before the level of exposure below.
    sun, sky, bounce = {
        'sun': ((0.50, 0.58, 0.62), (0.52, 0.46, 0.42), (0.20, 0.24, 0.25)),
        'clouds': ((0.14, 0.14, 0.14), (0.78, 0.75, 0.73), (0.36, 0.36, 0.36)),
        'dusk': ((0.20, 0.36, 0.56), (0.44, 0.36, 0.34), (0.16, 0.16, 0.18)),
        'lamp': ((0.26, 0.36, 0.42), (0.48, 0.54, 0.58), (0.26, 0.30, 0.33)),
        'window': ((0.52, 0.50, 0.48), (0.36, 0.34, 0.34), (0.20, 0.20, 0.21)),
        'flash': ((0.66, 0.68, 0.70), (0.16, 0.17, 0.18), (0.12, 0.12, 0.13)),
    }[mood]
    if mood == 'window':
        direction = np.array([np.sign(direction[0]) * 0.85, 0.35, 0.39])
    elif mood == 'flash':
        direction = np.array([0.05, 0.12, 0.99])
    if setting == 'snow':
        bounce = (0.45 + 0.5 * bounce[0], 0.45 + 0.5 * bounce[1], 0.45 + 0.5 * bounce[2])
    level = float(np.clip(rng.normal(1.38, 0.18), 0.85, 1.85))
    direction = direction / np.linalg.norm(direction)
    return Light(direction, *(np.array(color) * level for color in (sun, sky, bounce)))
