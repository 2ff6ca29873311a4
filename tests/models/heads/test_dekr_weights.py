"""DEKR checkpoints in our head."""

import pytest
import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import _load_checkpoint_to_model

from dualcenter_mmpose.coordinates import map_to_input
from dualcenter_mmpose.models.heads.dekr_weights import check_outputs, convert_dekr_head, is_dekr_head
from dualcenter_mmpose.types import DenseMaps
from tests.configs.reduce import CONFIG_FILES
from tests.helpers import CROWDPOSE, KPT_CENTER, build_model, codec_config, tiny_dekr, tiny_model


def random_dekr():
    """Return a stock DEKR whose weights and statistics are all distinct, and whose maps have many moderate peaks.

    Weights have both signs and keep the size of what passes: with positive ones alone, taps would be bent out of the
    map, where every network reads zeros. The constant ``regular_matrix`` stays as it is.
    """
    model = build_model(tiny_dekr()).eval()
    generator = torch.Generator().manual_seed(5)
    for name, value in model.state_dict().items():
        if not value.dtype.is_floating_point or 'regular_matrix' in name:
            continue
        if name.endswith('weight') and value.ndim > 1:
            value.copy_(torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5)
        else:  # biases; scales, means and variances of normalisation
            around = 1.0 if name.endswith(('weight', 'var')) else 0.0
            value.copy_(torch.rand(value.shape, generator=generator) * 0.4 - 0.2 + around)
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
    ours = build_model(tiny_model(codec=codec_config(align='corner')))
    before = ours.head.displacement_branch.finals[0].weight.clone()
    _load_checkpoint_to_model(ours, dict(state_dict=random_dekr().state_dict()), strict=True)
    assert not torch.equal(before, ours.head.displacement_branch.finals[0].weight)


def config_decoders():
    """Return the head's decoder of every config that is meant to load DEKR's weights, by name."""
    names = ('dekr-converted_', 'dekr-start_', 'dekr-start-stage2_')
    paths = [path for path in CONFIG_FILES if path.name.startswith(names)]
    assert len(paths) == len(names)
    return {path.stem: Config.fromfile(path).model.head.decoder.to_dict() for path in paths}


@pytest.mark.parametrize('name', ['dekr-converted', 'dekr-start', 'dekr-start-stage2'])
def test_keypoints_where_dekr_has_them(name):
    """By the decoder of each such config, candidates are the poses that MMPose's DEKR reads off, to 1e-3 px.

    The same random weights in both; every pose of MMPose's decoder has a candidate of ours in its place.
    """
    (decoder,) = (value for stem, value in config_decoders().items() if stem.startswith(f'{name}_'))
    # Its window of a peak, or one of ours could push one of its peaks out of the best 30.
    decoder.update(input_size=(256, 256), heatmap_size=(64, 64), decoding=dict(peak_kernel=5))
    dekr, ours = random_dekr(), build_model(tiny_model(codec=decoder)).eval()
    ours.load_state_dict(dekr.state_dict(), strict=True)
    image = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        heatmaps, displacements = dekr._forward(image)
        maps = ours._forward(image)
    expected, _ = dekr.head.decoder.decode(heatmaps[0], displacements[0])
    candidates = ours.head.decoder.find_candidates(DenseMaps(*maps))
    found = map_to_input(candidates.keypoints[0], 4.0, ours.head.decoder.align)
    assert len(expected) > 3
    distances = (expected[:, None] - found[None]).abs().amax(dim=(2, 3)).amin(dim=1)
    assert distances.max() < 1e-3, distances


def test_alignment_is_asked_for():
    """With cells read at their middle, which would be 1.5 px off, the weights are refused with the line to add."""
    with pytest.raises(ValueError, match=r"model = dict\(head=dict\(decoder=dict\(align='corner'\)\)\)"):
        build_model(tiny_model()).load_state_dict(random_dekr().state_dict())


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
