"""Head, face, hair and hats, in the head's own frame (x to its left, y up, z forward)."""

from __future__ import annotations

from . import appearance as look
from .parts import ACROSS_HEAD, BOTH, HEAD_FRONT, HEAD_UP, OPEN, ROW, Assembly, in_head


def add_head(body: Assembly) -> None:
    """Add skull, jaw, beard, nose, mouth, ears, eyes, brows and glasses."""
    body.blob(in_head(0, 0.050, 0.0), (0.0435, 0.056, 0.055), look.SKIN)
    body.blob(in_head(0, 0.025, 0.018), (0.0365, 0.049, 0.038), look.SKIN)
    if body.outfit.beard:
        body.blob(in_head(0, 0.008, 0.0172), (0.0375, 0.036, 0.0385), look.HAIR)
    nose = ROW['nose'] - 0.06 * HEAD_FRONT
    body.strand(nose + 0.18 * HEAD_UP, nose, (0.0055, 0.0085), look.SKIN)
    lips = in_head(-0.011, 0.003, 0.0535), in_head(0.011, 0.003, 0.0535)
    body.strand(*lips, (0.0036, 0.0036), look.LIPS)
    for side, sign in (('left', 1.0), ('right', -1.0)):
        eye, ear = ROW[side + '_eye'], ROW[side + '_ear']
        body.blob(ear, (0.007, 0.017, 0.011), look.SKIN)
        body.blob(eye - 0.05 * HEAD_FRONT, (0.0095, 0.0055, 0.007), look.EYE)
        body.blob(eye - 0.005 * HEAD_FRONT, (0.0048, 0.0052, 0.005), look.IRIS)
        brow = eye + 0.125 * HEAD_UP - 0.03 * HEAD_FRONT
        outward = sign * ACROSS_HEAD
        ends = (brow - 0.09 * outward, brow + 0.10 * outward - 0.04 * HEAD_FRONT)
        body.strand(*ends, (0.0027, 0.0022), look.HAIR)
        if body.outfit.glasses:
            lens = eye + 0.05 * HEAD_FRONT
            body.blob(lens, (0.0155, 0.0115, 0.004), look.GLASSES)
            body.strand(lens + 0.12 * outward, ear + 0.1 * HEAD_UP, (0.003, 0.003), look.GLASSES, caps=OPEN)


def add_hair(body: Assembly) -> None:
    """Add hair: a cap that leaves the face free, and what falls or is tied up behind."""
    style = body.outfit.hair
    if style == 'bald':
        return
    if style == 'afro':
        body.blob(in_head(0, 0.070, -0.016), (0.072, 0.072, 0.068), look.HAIR)
        return
    body.blob(in_head(0, 0.071, -0.011), (0.0490, 0.049, 0.0575), look.HAIR)
    body.blob(in_head(0, 0.046, -0.022), (0.0465, 0.050, 0.0440), look.HAIR)
    nape = in_head(0, 0.045, -0.026)
    if style == 'bob':
        body.strand(nape, in_head(0, -0.015, -0.024), (0.042, 0.040), look.HAIR, 1.32, BOTH)
    elif style == 'long':
        body.strand(nape, in_head(0, -0.125, -0.040), (0.042, 0.030), look.HAIR, 1.38, BOTH)
    elif style == 'tail':
        body.strand(in_head(0, 0.07, -0.066), in_head(0, -0.055, -0.088), (0.017, 0.010), look.HAIR)
    elif style == 'bun':
        body.blob(in_head(0, 0.098, -0.050), (0.024, 0.022, 0.024), look.HAIR)


def add_hat(body: Assembly) -> None:
    """Add a hat, a helmet or a hood, if one is worn."""
    hat = body.outfit.hat
    if hat in ('cap', 'brim', 'beanie', 'helmet'):
        grow = 1.16 if hat == 'helmet' else 1.05
        body.blob(in_head(0, 0.080, -0.006), (0.051 * grow, 0.046 * grow, 0.0605 * grow), look.HAT)
    if hat == 'cap':
        body.blob(in_head(0, 0.078, 0.066), (0.036, 0.007, 0.040), look.HAT)
    elif hat == 'brim':
        body.blob(in_head(0, 0.076, 0.0), (0.092, 0.008, 0.098), look.HAT)
    elif hat == 'hood':
        body.blob(in_head(0, 0.056, -0.014), (0.059, 0.069, 0.060), look.TOP)
