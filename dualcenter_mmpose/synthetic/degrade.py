"""What cameras and files do to pictures: blur, noise, colour casts, and JPEG artefacts."""

from __future__ import annotations

import cv2
import numpy as np

from .render import Image
from .textures import NOISE, load_textures


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Return an image (H, W, 3) as a camera would have taken it, with random faults."""
    image = _blur(image, rng)
    image = _tone(image, rng)
    if rng.random() < 0.8:
        image = _add_noise(image, rng)
    if rng.random() < 0.04:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.12:  # a picture that was saved before, at low quality
        image = cv2.imdecode(encode_jpeg(image, int(rng.integers(25, 60))), cv2.IMREAD_COLOR)
    return image


def sample_quality(rng: np.random.Generator) -> int:
    """Return a random JPEG quality."""
    return int(rng.integers(60, 96))


def encode_jpeg(image: Image, quality: int) -> Image:
    """Return the bytes of the image as a JPEG file."""
    done, buffer = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return buffer


def _blur(image: Image, rng: np.random.Generator) -> Image:
    kind = rng.random()
    size = max(image.shape[:2]) / 512
    if kind < 0.45:
        return cv2.GaussianBlur(image, (0, 0), size * rng.uniform(0.4, 0.9))
    if kind < 0.53:
        return cv2.GaussianBlur(image, (0, 0), size * rng.uniform(0.9, 1.8))
    if kind < 0.6:
        length = max(3, int(size * rng.uniform(3, 8)) | 1)
        kernel = np.zeros((length, length), dtype=np.float32)
        angle = rng.uniform(0, np.pi)
        reach = (length // 2) * np.array([np.cos(angle), np.sin(angle)])
        ends = np.round(length // 2 + np.outer([-1, 1], reach)).astype(int).tolist()
        cv2.line(kernel, ends[0], ends[1], 1.0)
        return cv2.filter2D(image, -1, kernel / kernel.sum())
    return image


def _tone(image: Image, rng: np.random.Generator) -> Image:
    """Return the image exposed as an automatic camera would, with other contrast, gamma and white balance."""
    ramp = np.linspace(0, 1, 256)
    table = np.empty((1, 256, 3), dtype=np.uint8)
    target = float(np.clip(rng.normal(112, 22), 62, 170))
    gain = float(np.clip(target / (np.mean(cv2.mean(image)[:3]) + 1.0), 0.75, 1.9))
    gamma, contrast, shift = np.exp(rng.normal(0, 0.12)), rng.normal(1.25, 0.13), rng.normal(0.0, 0.02)
    for channel in range(3):
        # 1 - exp(-exposure): highlights bend towards white instead of breaking off, as on film.
        curve = 1.0 - np.exp(-1.25 * gain * np.exp(rng.normal(0, 0.035)) * ramp**gamma)
        curve = (curve / (1.0 - np.exp(-1.25 * max(gain, 1.0) * 1.1)) - 0.5) * contrast + 0.5 + shift
        table[0, :, channel] = np.clip(curve * 255, 0, 255)
    return cv2.LUT(image, table)


def _add_noise(image: Image, rng: np.random.Generator) -> Image:
    """Return the image with Gaussian noise, cut at a random place from a tile."""
    height, width = image.shape[:2]
    tile, spare = load_textures().noise, 128
    repeats = -(-(max(height, width) + spare) // NOISE)
    tile = np.tile(tile, (repeats, repeats, 1)) if repeats > 1 else tile
    y0, x0 = rng.integers(0, spare, 2)
    sigma = float(np.clip(rng.gamma(2.0, 1.6), 0.5, 14))
    noise = tile[y0 : y0 + height, x0 : x0 + width]
    noisy = cv2.addWeighted(image.astype(np.int16), 1.0, noise, sigma / 32, 0)
    return np.clip(noisy, 0, 255).astype(np.uint8)
