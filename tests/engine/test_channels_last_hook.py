"""``ChannelsLastHook`` changes the layout of a model and nothing else."""

from types import SimpleNamespace

import torch
from torch import nn

from dualcenter_mmpose.engine import ChannelsLastHook


def test_layout_reaches_weights_and_activations():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3))
    images = torch.rand(2, 3, 16, 12)
    before = model(images)
    ChannelsLastHook().before_run(SimpleNamespace(model=model))
    after = model(images)
    assert model[2].weight.is_contiguous(memory_format=torch.channels_last)
    assert not before.is_contiguous(memory_format=torch.channels_last)
    assert after.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(after, before)
