"""A model is loaded whole or not at all."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from dualcenter_mmpose.models import loading
from tests.helpers import CROWDPOSE, build_model, codec_config, tiny_dekr, tiny_model, with_pose_nets

PLAIN = tiny_model()
WRAPPED = tiny_model(type='MultiScaleTrainingWrapper')


@pytest.fixture
def save(tmp_path):
    """Return a function that writes the checkpoint of a model with weights of its own."""

    def save(model, name='model.pth'):
        path = tmp_path / name
        state = build_model(model).state_dict()
        for value in state.values():
            value += 0.125 if value.is_floating_point() else 1
        torch.save(dict(meta={}, state_dict=state), path)
        return path, state

    return save


@pytest.fixture
def config_of(tmp_path):
    """Return a function that gives the config of a model, read from a file."""

    def config_of(model):
        Config(dict(model=model)).dump(tmp_path / 'config.py')
        return Config.fromfile(tmp_path / 'config.py')

    return config_of


class TestLoadModel:
    """From config and checkpoint to a model in test mode."""

    def test_all_weights(self, save, config_of):
        """Every weight is the checkpoint's, and nothing is in training mode."""
        path, state = save(with_pose_nets(PLAIN))
        model = loading.load_model(config_of(with_pose_nets(PLAIN)), path)
        assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
        assert not any(module.training for module in model.modules())

    def test_stage_1_into_stage_2(self, save, config_of):
        """Networks that the checkpoint lacks would stay random and give numbers all the same."""
        path, _ = save(PLAIN)
        with pytest.raises(
            ValueError, match=r"'.*model\.pth' does not fit '.*config\.py': it lacks \d+ weights"
        ) as told:
            loading.load_model(config_of(with_pose_nets(PLAIN)), path)
        assert 'head.pose_nets.nets.' in str(told.value)
        assert str(told.value).endswith('...); use the config that it was trained with')

    def test_beyond(self, save, config_of):
        """Weights that the model does not have."""
        path, _ = save(with_pose_nets(PLAIN))
        with pytest.raises(ValueError, match=r'it has beyond it \d+ weights \(head\.pose_nets\.'):
            loading.load_model(config_of(PLAIN), path)

    @pytest.mark.parametrize(('saved', 'wanted'), [(WRAPPED, PLAIN), (PLAIN, WRAPPED)], ids=['too-many', 'none'])
    def test_auxiliary_heads(self, saved, wanted, save, config_of):
        """Multi-scale training's heads may be left over or absent: no test uses them."""
        path, state = save(saved)
        head = loading.load_model(config_of(wanted), path).head
        assert all(torch.equal(value, state[f'head.{key}']) for key, value in head.state_dict().items())

    def test_dekr_is_converted(self, save, config_of):
        """MMPose's DEKR head starts a dual-center head, which lacks nothing then."""
        path, state = save(tiny_dekr())
        ours = tiny_model(codec=codec_config(align='corner'))
        final = loading.load_model(config_of(ours), path).head.heatmap_branch.final.weight
        assert torch.equal(final[:18], state['head.heatmap_conv_layers.2.weight'])
        assert torch.equal(final[17], final[18])  # both centers start as DEKR's one

    def test_other_keypoints(self, save, config_of):
        """What the head says of it comes along, with the file."""
        crowd = tiny_model(codec=codec_config(metainfo=CROWDPOSE))
        crowd['head']['num_keypoints'] = 14
        path, _ = save(crowd)
        with pytest.raises(
            ValueError, match=r"'.*model\.pth' does not fit '.*config\.py': the checkpoint puts out 16.* OUT$"
        ):
            loading.load_model(config_of(PLAIN), path)

    def test_other_shapes(self, save, config_of):
        """torch's list of them is cut to a line."""
        wide = {**PLAIN, 'head': {**PLAIN['head'], 'num_heatmap_filters': 12}}
        path, _ = save(wide)
        with pytest.raises(ValueError, match=r'does not fit .* size mismatch for head\.') as told:
            loading.load_model(config_of(PLAIN), path)
        assert '\n' not in str(told.value)
        assert len(str(told.value)) < 800


class TestReadCheckpoint:
    """Files that are none."""

    @pytest.mark.parametrize(
        ('content', 'message'),
        [
            (None, r"checkpoint '.*c\.pth' does not exist"),
            ([1], "has no 'state_dict'"),
            (dict(meta={}), "has no 'state_dict'"),
            (dict(state_dict=dict(weight=torch.zeros(1))), 'holds no pose estimator'),
        ],
    )
    def test_refused(self, content, message, tmp_path):
        path = tmp_path / 'c.pth'
        if content is not None:
            torch.save(content, path)
        with pytest.raises(ValueError, match=message):
            loading.read_checkpoint(path)

    @pytest.mark.parametrize('size', [0, 1000])
    def test_truncated(self, size, save):
        """Nothing or half a file."""
        path, _ = save(PLAIN)
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(ValueError, match=r"'.*model\.pth' cannot be read: \S"):
            loading.read_checkpoint(path)
