"""Targets inside a window."""

import torch

from dualcenter_mmpose.models.pose_estimators.target_windows import crop_fields, crop_targets
from dualcenter_mmpose.types import DenseTargets
from tests.helpers import encode_sample, make_codec, random_people

SIZE = 64


def test_crops_agree():
    """Cutting targets and cutting data samples give the same window, and leave the originals whole."""
    codec = make_codec(SIZE, dense_targets=True)
    samples = [encode_sample(codec, random_people(2, SIZE, seed=0))]
    maps = DenseTargets(*(samples[0].gt_fields.get(name)[None] for name in DenseTargets._fields))
    cut = crop_targets(maps, (3, 5), (8, 4))
    cut_sample = crop_fields(samples, (3, 5), (8, 4))[0]
    assert cut.heatmaps.shape[-2:] == (4, 8)
    assert torch.equal(cut.heatmaps[0], cut_sample.gt_fields.heatmaps)
    assert torch.equal(cut.heatmaps[0, :, 0, 0], maps.heatmaps[0, :, 5, 3])
    assert samples[0].gt_fields.heatmaps.shape[-2:] == (16, 16)
