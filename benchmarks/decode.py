"""From maps to people, with and without the pose-level networks, beside the whole forward pass: time and memory."""

from __future__ import annotations

from typing import Any, Callable

import torch

from benchmarks.models import make_model
from benchmarks.per_unit import per_unit
from benchmarks.roofline import roofline_rows
from dualcenter_mmpose.experiments.profiling.peak import peak_bytes
from dualcenter_mmpose.experiments.profiling.timing import Timing, time_in_turns
from dualcenter_mmpose.types import DenseMaps, PredictedInstances

SIZE, BATCHES = 512, (1, 4)
DECODED_BATCH = 16
"""Images whose maps are decoded at once, without a forward pass."""

NETS = dict(
    similarity=dict(type='PoseSimilarityNet'),
    confidence=dict(type='PoseConfidenceNet'),
    refinement=dict(type='PoseRefinementNet'),
)


@torch.no_grad()
def run(device: str, repeats: int) -> dict[str, list[Timing]]:
    """Return milliseconds, and mebibytes in their place, per batch size; the last column is whole / part.

    Args:
        device: where to predict.
        repeats: counted rounds; a third of them, as each takes seconds on a CPU.
    """
    model = make_model(width=32, size=SIZE, pose_nets=NETS).to(device).eval()
    tables = {}
    for batch in BATCHES:
        parts = _parts(model, batch, device)
        title = f'HRNet-W32 at {SIZE} px, batch {batch}, 60 candidates an image'
        tables[title] = time_in_turns(parts, max(repeats // 3, 1))
        tables[f'{title}: MiB that tensors take at most'] = _memory(parts)
    tables[f'batch {DECODED_BATCH}, 60 candidates an image, per image'] = _decoding_alone(model, device, repeats)
    return tables


def _decoding_alone(model: Any, device: str, repeats: int) -> list[Timing]:
    """Return milliseconds an image of everything after the dense maps."""
    side = SIZE // 4
    shapes = [(DECODED_BATCH, width, side >> i, side >> i) for i, width in enumerate(model.head.in_channels)]
    feats = [torch.randn(shape, device=device) for shape in shapes]
    maps = _lively_maps(model.head, feats)
    decode = model.head.decoder.batch_decode
    methods = {
        'maps to people, three networks': lambda: model.head.instances_from_maps(feats, maps),
        'maps to people, no network': lambda: decode(maps),
    }
    timings = per_unit(time_in_turns(methods, repeats), DECODED_BATCH)
    bounds = roofline_rows(methods['maps to people, three networks'], device, timings)
    return [*timings, *per_unit([row.relative_to(DECODED_BATCH) for row in bounds], DECODED_BATCH)]


def _parts(model: Any, batch: int, device: str) -> dict[str, Callable[[], Any]]:
    images = torch.randn(batch, 3, SIZE, SIZE, device=device)
    feats = model.extract_feat(images)
    maps = _lively_maps(model.head, feats)
    decode = model.head.decoder.batch_decode

    def whole() -> PredictedInstances:
        new_feats = model.extract_feat(images)
        model.head(new_feats)
        return model.head.instances_from_maps(new_feats, maps)

    return {
        'everything': whole,
        'backbone and dense head': lambda: model.head(model.extract_feat(images)),
        'maps to people, three networks': lambda: model.head.instances_from_maps(feats, maps),
        'maps to people, no network': lambda: decode(maps),
    }


def _memory(parts: dict[str, Callable[[], Any]]) -> list[Timing]:
    peaks = {name: peak_bytes(part) / 2**20 for name, part in parts.items()}
    whole = peaks['everything']
    return [Timing(name, peak, peak, peak, 1, whole / peak) for name, peak in peaks.items()]


def _lively_maps(head: Any, feats: Any) -> DenseMaps:
    """Return maps with more peaks than are kept: an untrained head gives none above the threshold."""
    shapes = [maps.shape for maps in head(feats)]
    generator = torch.Generator().manual_seed(0)
    heat, vectors = (torch.rand(shape, generator=generator).to(feats[0].device) for shape in shapes)
    return DenseMaps(heat, (vectors - 0.5) * 20)
