"""DEKR checkpoints in our head."""

import pytest
import torch
from mmengine.runner.checkpoint import _load_checkpoint_to_model

from dualcenter_mmpose.models.heads.dekr_weights import check_outputs, convert_dekr_head, is_dekr_head
from tests.helpers import CROWDPOSE, KPT_CENTER, build_model, codec_config, tiny_dekr, tiny_model


def random_dekr():
    """Return a stock DEKR whose weights and statistics are all distinct."""
    model = build_model(tiny_dekr()).eval()
    generator = torch.Generator().manual_seed(3)
    for value in model.state_dict().values():
        if value.dtype.is_floating_point and value.ndim:
            value.copy_(torch.rand(value.shape, generator=generator) * 0.4 + 0.1)
    return model


@pytest.mark.parametrize('separate_blocks', [0, 1, 2])
@pytest.mark.parametrize('num_centers', [1, 2])
def test_predicts_what_dekr_predicts(num_centers, separate_blocks):
    """A DEKR checkpoint loads without a missing key, and every center predicts what DEKR's one predicts."""
    dekr = random_dekr()
    codec = codec_config(align='corner', **({} if num_centers == 2 else dict(centers=KPT_CENTER)))
    config = tiny_model(codec=codec)
    config['head']['separate_blocks'] = separate_blocks
    ours = build_model(config).eval()
    loaded = ours.load_state_dict(dekr.state_dict(), strict=True)
    assert not loaded.missing_keys
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        heatmaps, displacements = dekr._forward(image)
        maps = ours._forward(image)
    expected = torch.cat([heatmaps[:, :17]] + [heatmaps[:, 17:]] * num_centers, dim=1)
    torch.testing.assert_close(maps.heatmaps, expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        maps.displacements, torch.cat([displacements] * num_centers, dim=1), atol=1e-4, rtol=1e-4
    )


def test_loads_through_mmengine():
    """mmengine's own loader, which runners use, converts too."""
    ours = build_model(tiny_model())
    before = ours.head.displacement_branch.finals[0].weight.clone()
    _load_checkpoint_to_model(ours, dict(state_dict=random_dekr().state_dict()), strict=True)
    assert not torch.equal(before, ours.head.displacement_branch.finals[0].weight)


def test_own_checkpoint_is_left_alone():
    """Our own state dict is not taken for DEKR's."""
    state = build_model(tiny_model()).state_dict()
    assert not is_dekr_head(state, 'head.')
    assert is_dekr_head(random_dekr().state_dict(), 'head.')


def test_unknown_entry():
    """A DEKR entry that cannot be mapped is named, not dropped."""
    state = {**random_dekr().state_dict(), 'head.extra.weight': torch.zeros(1)}
    with pytest.raises(KeyError, match='extra'):
        convert_dekr_head(state, 'head.', 17, 2, 0)


class TestOtherOutputs:
    """check_outputs: a checkpoint of another keypoint set must not half load."""

    @pytest.mark.parametrize('make', [random_dekr, lambda: build_model(tiny_model())], ids=['DEKR', 'ours'])
    def test_other_keypoints(self, make):
        """17 keypoints do not load into a head for 14, through mmengine either, and the remedy is named."""
        codec = codec_config(metainfo=CROWDPOSE)
        head = {**tiny_model()['head'], 'num_keypoints': 14, 'decoder': codec}
        ours = build_model(tiny_model(head=head))
        with pytest.raises(ValueError, match=r'puts out 1[89] heatmaps .*the model 1[56] .*--backbone-only'):
            _load_checkpoint_to_model(ours, dict(state_dict=make().state_dict()), strict=False)

    def test_other_centers(self):
        """A checkpoint of two centers does not load into a head with one."""
        state = build_model(tiny_model()).state_dict()
        check_outputs(state, 'head.', 17, 2)
        with pytest.raises(ValueError, match='19 heatmaps .*the model 18'):
            check_outputs(state, 'head.', 17, 1)

    def test_no_head(self):
        """A backbone alone passes."""
        check_outputs({'backbone.conv1.weight': torch.zeros(1)}, 'head.', 17, 2)
