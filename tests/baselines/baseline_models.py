"""Small baselines for the tests of their heads."""

from __future__ import annotations

from typing import Any

from tests.helpers import TINY_CHANNELS, build_model, encode_sample, tiny_hrnet, tiny_model

HEADS = ('HigherHRNetHead', 'SWAHRHead')


def baseline_config(
    kind: str, size: int = 64, channels: tuple[int, ...] = TINY_CHANNELS, **head_options: Any
) -> dict[str, Any]:
    """Return the config of a small baseline for square inputs; ``channels`` are the backbone's."""
    codec = dict(type='AssociativeEmbeddingGrouping', input_size=(size, size), heatmap_size=(size // 4, size // 4))
    head = dict(
        type=kind,
        in_channels=channels[0],
        num_keypoints=17,
        decoder=codec,
        num_deconv_filters=8,
        num_blocks=1,
    )
    backbone = tiny_hrnet(channels)
    backbone['extra']['stage4']['multiscale_output'] = False
    return {**tiny_model(size), 'backbone': backbone, 'head': {**head, **head_options}}


def build_baseline(kind: str, size: int = 64, **options: Any) -> Any:
    """Return the built small baseline, weights from a fixed seed."""
    return build_model(baseline_config(kind, size, **options))


def samples_for(model: Any, instances: list[Any]) -> list[Any]:
    """Return data samples with each image's instances, as the loader packs them."""
    return [encode_sample(model.head.decoder, keypoints) for keypoints in instances]
