"""Metadata of an exported model: everything that a program needs to run it, written into the model itself."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from mmpose.datasets.datasets.utils import parse_pose_metainfo

from dualcenter_mmpose.deployment.deploy_model import DeployModel
from dualcenter_mmpose.deployment.exporting import OPSET
from dualcenter_mmpose.keypoints.metainfo import COCO_METAINFO
from dualcenter_mmpose.version import __version__


def describe_model(network: DeployModel, config: Any, size: tuple[int, int], batch: int | None) -> dict[str, Any]:
    """Return everything that a program needs to run the exported model, ready for JSON.

    Args:
        network: the network.
        config: its config.
        size: (w, h) px of the images.
        batch: images at once, ``None`` for any number.
    """
    codec = network.head.decoder
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # MMPose tells that it takes its own copy of a metainfo file
        metainfo = parse_pose_metainfo(dict(config.model.head.decoder.get('metainfo', COCO_METAINFO)))
    return dict(
        version=__version__,
        config=Path(config.filename).stem,
        input_size=list(size),
        batch_size=batch,
        channel_order='BGR',
        resize_mode='fit',
        keypoint_set=codec.layout.name,
        keypoint_names=list(codec.layout.keypoint_names),
        skeleton_links=[[int(end) for end in link] for link in metainfo['skeleton_links']],
        flip_test=network.flip_test,
        pose_nets=sorted(network.head.pose_nets.nets) if network.head.pose_nets is not None else [],
        decoding={name: getattr(codec.decoding, name) for name in codec.decoding.__dataclass_fields__},
    )


def summarize(description: dict[str, Any]) -> str:
    """Return a description in a line."""
    width, height = description['input_size']
    batch = description['batch_size'] or 'any number of'
    flip = ', with mirrored images' if description['flip_test'] else ''
    return f'{batch} uint8 {description["channel_order"]} images of {width}x{height}{flip}, opset {OPSET}'
