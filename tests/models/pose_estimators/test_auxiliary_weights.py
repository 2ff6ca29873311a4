"""Auxiliary heads in state dicts."""

import torch

from dualcenter_mmpose.models.pose_estimators.auxiliary_weights import copy_nominal_head, rename_auxiliary_heads


def test_names_of_the_last_release():
    """``level_2x`` becomes ``scale_2x`` below the prefix alone; tensors are handed on as they are."""
    weight = torch.ones(1)
    names = ('module.aux.level_2x.final.weight', 'module.aux.scale_0_5x.bias', 'aux.level_2x.bias', 'module.level_2x')
    state = {name: weight if idx == 0 else torch.zeros(1) for idx, name in enumerate(names)}
    rename_auxiliary_heads(state, 'module.aux.')
    assert set(state) == {'module.aux.scale_2x.final.weight', *names[1:]}
    assert state['module.aux.scale_2x.final.weight'] is weight


def test_nominal_head_fills_the_others():
    """Every auxiliary head gets what the nominal one has, less what is its alone."""
    state = {'head.final': torch.ones(1), 'head.nets.final': torch.ones(1), 'backbone.conv': torch.ones(1)}
    copy_nominal_head(state, 'head.', 'aux.', ['scale_2x', 'scale_0_5x'], skipped='nets.')
    assert set(state) == {
        *('head.final', 'head.nets.final', 'backbone.conv'),
        *('aux.scale_2x.final', 'aux.scale_0_5x.final'),
    }
    assert state['aux.scale_2x.final'] is state['head.final']


def test_heads_of_the_checkpoint_stay():
    """A checkpoint with auxiliary heads is not filled up."""
    state = {'head.final': torch.ones(1), 'aux.scale_2x.final': torch.zeros(1)}
    copy_nominal_head(state, 'head.', 'aux.', ['scale_2x', 'scale_0_5x'], skipped='nets.')
    assert set(state) == {'head.final', 'aux.scale_2x.final'}
    assert state['aux.scale_2x.final'] == 0
