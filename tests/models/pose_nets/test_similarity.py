"""``PoseSimilarityNet``: size, unit length, and what it is registered as."""

import pytest
import torch
from mmpose.registry import MODELS

from dualcenter_mmpose.assembly.similarity import appearance_similarity
from dualcenter_mmpose.models.pose_nets import PoseSimilarityNet


def make_net(**options):
    torch.manual_seed(0)
    return PoseSimilarityNet(3, 5, **{'width': 4, 'hidden': (8,), 'embedding': 6, **options})


@pytest.mark.parametrize(('in_channels', 'expected'), [(480, 3_392_832), (720, 3_431_232)])
def test_parameters(in_channels, expected):
    """Plan A of the paper's totals, for HRNet-W32 and W48 with 17 keypoints."""
    net = MODELS.build(dict(type='PoseSimilarityNet', num_keypoints=17, in_channels=in_channels))
    assert sum(p.numel() for p in net.parameters()) == expected


@pytest.mark.parametrize('shape', [(1, 1), (2, 7), (2, 0)])
def test_unit_length(shape):
    """Embeddings have length 1, whatever the features."""
    embeddings = make_net()(100 * torch.randn(*shape, 3, 8))
    assert embeddings.shape == (*shape, 6)
    torch.testing.assert_close(embeddings.norm(dim=-1), torch.ones(shape))


def test_poses_that_look_the_same():
    """Equal features have a similarity of 1, and it does not depend on the order."""
    features = torch.randn(1, 4, 3, 8, generator=torch.Generator().manual_seed(1))
    features[:, 1] = features[:, 0]
    similarity = appearance_similarity(make_net().eval()(features))
    torch.testing.assert_close(similarity, similarity.transpose(1, 2))
    assert similarity[0, 0, 1].item() == pytest.approx(1)
    assert similarity[0, 0, 2] < 0.999


def test_each_pose_for_itself():
    """A pose's embedding does not depend on its neighbours in the batch."""
    net, features = make_net().eval(), torch.randn(2, 5, 3, 8, generator=torch.Generator().manual_seed(2))
    together = net(features)
    for b in range(2):
        for m in range(5):
            torch.testing.assert_close(net(features[b, m]), together[b, m], atol=1e-5, rtol=1e-5)


def test_dropout_is_an_option():
    """Dropout acts in training, with the configured probability."""
    features = torch.randn(1, 1, 3, 8)
    still, noisy = make_net(dropout=0.0), make_net(dropout=0.5)
    assert torch.equal(still(features), still(features))
    assert not torch.equal(noisy(features), noisy(features))


def test_unknown_option():
    """A misspelt option is named."""
    with pytest.raises(TypeError, match='embeding'):
        make_net(embeding=3)
