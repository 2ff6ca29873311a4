"""Grey texture tiles that repeat without seams, made once per process.

Legend: a tile is (TILE, TILE) with values in [0, 1]. Everything that needs detail (cloth, skin,
walls, ground, foliage) looks its values up in these tiles and colours them, which is far cheaper
than making noise for each image.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Tile = NDArray[np.float32]
TILE = 256
NOISE = 768
_MARGIN = 48  # more than three times the widest blur
_SEED = 20220811  # the tiles are part of the generator, not of a data set's seed

CLOTH_NAMES = (
    'plain', 'hoops', 'pinstripes', 'checks', 'plaid', 'dots', 'camouflage', 'knit', 'flowers', 'blocks', 'print',
)  # fmt: skip
SCENERY_NAMES = (
    'clouds', 'grain', 'grass', 'leaves', 'bricks', 'tiles', 'planks', 'marble', 'gravel', 'facade', 'blotches',
    'weave', 'shelves', 'crowd',
)  # fmt: skip


class Textures(NamedTuple):
    """All tiles: `cloth` (C, TILE, TILE), `folds` in [-1, 1], `scenery` by name with coarser copies."""

    cloth: Tile
    folds: Tile
    scenery: NDArray[np.uint8]  # (S, 4 levels, TILE, TILE)
    noise: NDArray[np.int16]  # (NOISE, NOISE, 3), 32 for one standard deviation


def _unit(tile: Tile) -> Tile:
    low, high = np.percentile(tile, (1, 99))
    unit = np.clip((tile - low) / max(float(high - low), 1e-6), 0, 1)
    return np.ascontiguousarray(unit, dtype=np.float32)


def make_noise(rng: np.random.Generator, power: float, stretch: float = 1.0) -> Tile:
    """Return seamless noise whose amplitude falls as frequency^-power; `stretch` > 1 draws it out along y."""
    frequency = np.fft.fftfreq(TILE) * TILE
    radius = np.hypot(frequency[:, None] * stretch, frequency[None, :])
    radius[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.standard_normal((TILE, TILE))) / np.maximum(radius, 1.0) ** power
    return _unit(np.fft.ifft2(spectrum).real.astype(np.float32))


def _grid() -> tuple[Tile, Tile]:
    ticks = (np.arange(TILE, dtype=np.float32) + 0.5) / TILE
    x, y = np.meshgrid(ticks, ticks)
    return x, y


def _cloth_tiles(rng: np.random.Generator) -> Tile:
    x, y = _grid()
    hoops = ((y * 8) % 1 < 0.5).astype(np.float32)
    pinstripes = ((x * 16) % 1 < 0.16).astype(np.float32)
    checks = (((x * 8) % 1 < 0.5) ^ ((y * 8) % 1 < 0.5)).astype(np.float32)
    plaid = 0.5 * ((x * 8) % 1 < 0.4) + 0.35 * ((y * 8) % 1 < 0.4) + 0.15 * ((y * 8 + 0.2) % 1 < 0.08)
    column = np.floor(y * 8) % 2 * 0.5
    dots = (np.hypot((x * 8 + column) % 1 - 0.5, (y * 8) % 1 - 0.5) < 0.26).astype(np.float32)
    camouflage = np.round(make_noise(rng, 1.5) * 2.4) / 2
    knit = 0.5 + 0.5 * np.sin(2 * np.pi * 40 * y + 2.5 * np.abs(np.sin(np.pi * 40 * x)))
    flowers = (make_noise(rng, 1.1) > 0.72).astype(np.float32)
    blocks = (y < 0.42).astype(np.float32)
    logo = make_noise(rng, 1.0) > 0.45
    print_ = (logo & (np.abs(x - 0.5) < 0.2) & (np.abs(y - 0.55) < 0.17)).astype(np.float32)
    tiles = (np.zeros_like(x), hoops, pinstripes, checks, plaid, dots, camouflage, knit, flowers, blocks, print_)
    return np.stack([np.asarray(tile, dtype=np.float32) for tile in tiles])


def _facade(x: Tile, y: Tile, rng: np.random.Generator) -> Tile:
    """Return rows of windows, each with its own brightness."""
    column, row = (x * 8).astype(int), (y * 8).astype(int)
    inside = (np.abs((x * 8) % 1 - 0.5) < 0.3) & (np.abs((y * 8) % 1 - 0.5) < 0.33)
    panes = rng.choice([0.0, 0.08, 0.2, 0.35], size=(8, 8))[row, column]
    sill = (np.abs((y * 8) % 1 - 0.87) < 0.04) & (np.abs((x * 8) % 1 - 0.5) < 0.36)
    wall = 0.75 + 0.1 * (make_noise(rng, 0.6) - 0.5)
    return np.where(inside, panes, np.where(sill, 0.95, wall)).astype(np.float32)


def _shelves(x: Tile, y: Tile, rng: np.random.Generator) -> Tile:
    """Return rows of upright things (books, bottles, boxes) of random width, height and tone."""
    tile = np.full_like(x, 0.12)
    for row in range(4):
        base, left = (row + 1) * TILE // 4, 0
        while left < TILE:
            width, height = int(rng.integers(4, 22)), int(rng.integers(24, 56))
            tile[base - height : base, left : left + width - 1] = rng.uniform(0.2, 1.0)
            left += width
        tile[base - 4 : base] = 0.55
    return tile


def _crowd(rng: np.random.Generator) -> Tile:
    """Return blobs in rows, like a far stand full of people without any one person in it."""
    tile = make_noise(rng, 0.6) * 0.4
    for y in range(0, TILE, 16):
        for x in range(0, TILE, 12):
            center = (int(x + rng.integers(-3, 4)) % TILE, int(y + rng.integers(-3, 4)) % TILE)
            cv2.ellipse(tile, center, (5, 7), 0, 0, 360, float(rng.uniform(0.1, 1.0)), -1)
    return tile


def _scenery_tiles(rng: np.random.Generator) -> list[Tile]:
    x, y = _grid()
    shift = np.floor(y * 16) % 2 * 0.5
    mortar = ((x * 8 + shift) % 1 < 0.06) | ((y * 16) % 1 < 0.1)
    tone = rng.uniform(0.5, 0.9, (16, 9))[(y * 16).astype(int), ((x * 8 + shift) % 8).astype(int)]
    bricks = np.where(mortar, 0.15, tone + 0.25 * (make_noise(rng, 0.7) - 0.5))
    joint = ((x * 4) % 1 < 0.03) | ((y * 4) % 1 < 0.03)
    flags = rng.uniform(0.55, 0.75, (4, 4))[(y * 4).astype(int), (x * 4).astype(int)]
    tiles = np.where(joint, 0.1, flags + 0.3 * (make_noise(rng, 1.2) - 0.5))
    board = rng.uniform(0.4, 0.8, 8)[(x * 8).astype(int)]
    planks = np.where((x * 8) % 1 < 0.04, 0.05, board + 0.5 * (make_noise(rng, 0.9, 0.12) - 0.5))
    marble = 0.5 + 0.5 * np.sin(14 * make_noise(rng, 1.6))
    leaves = make_noise(rng, 0.75) * 0.6 + 0.4 * make_noise(rng, 1.7)
    weave = 0.5 + 0.25 * np.sin(2 * np.pi * 32 * x) + 0.25 * np.sin(2 * np.pi * 32 * y)
    return [
        make_noise(rng, 1.9), make_noise(rng, 0.35), make_noise(rng, 0.5, 0.35), leaves, bricks, tiles, planks, marble,
        make_noise(rng, 0.8), _facade(x, y, rng), np.round(make_noise(rng, 1.4) * 4) / 4, weave, _shelves(x, y, rng),
        _crowd(rng),
    ]  # fmt: skip


def _levels(tile: Tile) -> NDArray[np.uint8]:
    """Return the tile and three ever blurrier copies (4, TILE, TILE), against flicker where it is seen from afar."""
    wrapped = cv2.copyMakeBorder(tile, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_WRAP)
    blurred = [cv2.GaussianBlur(wrapped, (0, 0), sigma) for sigma in (2.0, 5.0, 14.0)]
    inner = slice(_MARGIN, _MARGIN + TILE)
    levels = [tile, *(level[inner, inner] for level in blurred)]
    return np.stack([(np.clip(level, 0, 1) * 255).astype(np.uint8) for level in levels])


@lru_cache(maxsize=1)
def load_textures() -> Textures:
    """Return the tiles, made at the first call; the same in every process."""
    rng = np.random.default_rng(_SEED)
    folds = make_noise(rng, 1.25, 0.45) + 0.5 * make_noise(rng, 0.4)
    scenery = np.stack([_levels(np.asarray(t, dtype=np.float32)) for t in _scenery_tiles(rng)])
    noise = (rng.standard_normal((NOISE, NOISE, 3)) * 32).astype(np.int16)
    return Textures(_cloth_tiles(rng), folds - folds.mean(), scenery, noise)
