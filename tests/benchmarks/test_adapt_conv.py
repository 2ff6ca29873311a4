"""The methods of the adaptive convolution compute the same thing."""

import torch

from benchmarks import adapt_conv, roofline
from benchmarks.roofline_rates import Rates


def test_methods_agree():
    """mmcv's, torchvision's and our operator give the same map for the same weights."""
    torch.manual_seed(0)
    layers = adapt_conv.make_layers('cpu')
    channels = adapt_conv.KEYPOINTS * adapt_conv.FILTERS
    features = torch.randn(1, channels, 6, 7)
    matrices = 0.3 * torch.randn(1, 6 * adapt_conv.KEYPOINTS, 6, 7)
    first, *others = (layer(features, matrices) for layer in layers.values())
    assert len(others) == 2
    assert first.abs().max() > 0.1
    for other in others:
        torch.testing.assert_close(other, first, atol=1e-3, rtol=1e-3)


def test_tables(monkeypatch):
    """Every shape has a table forward and one forward and backward, with its roofline."""
    monkeypatch.setattr(roofline, 'rates_of', lambda device: Rates({'float32': 1e9}, 1e9))
    monkeypatch.setattr(adapt_conv, 'SHAPES', {'cpu': ((1, 4),)})
    forward, both = adapt_conv.run('cpu', repeats=1).values()
    assert len(forward) == len(both) == 5
    assert [row.name.split(':')[0] for row in both[3:]] == ['roofline', 'roofline']
    assert both[4].median > forward[4].median
