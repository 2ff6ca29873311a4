"""Reduced configs: their sizes and data come from the small config, everything that an ablation changes stays."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.reduced.reduce import reduce_config, scale_schedule
from dualcenter_mmpose.utils.renamed_options import SCALE_OPTIONS, rename_options

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
ABLATIONS = sorted((CONFIGS / 'ablation').glob('*.py'))
SYNTHETIC = CONFIGS / 'dualcenter' / 'synthetic'
STAGE1 = 'dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'
STAGE2 = 'dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'
COCO = CONFIGS / 'dualcenter' / 'coco'
SCHEDULE = ('max_epochs', 'val_interval')
OWN_CHOICE = dict(scales_per_step=1, scale_probabilities=None, crop_largest=False)
"""What single-scale models leave out or write out."""


def load(path: Path) -> dict[str, Any]:
    return Config.fromfile(path).to_dict()


def without_finals(optim_wrapper):
    """Leave out the rate of the last displacement layer: it only repeats how a checkpoint was made."""
    keys = dict(optim_wrapper.get('paramwise_cfg', {}).get('custom_keys', {}))
    keys.pop('displacement_branch.finals', None)
    return {**optim_wrapper, 'paramwise_cfg': keys}


@pytest.fixture(scope='module')
def small():
    return load(SYNTHETIC / STAGE2)


@pytest.fixture(scope='module')
def configs_of(small):
    """The reduced config of every ablation, by the first word of its name."""
    return {path.stem.split('_')[0]: reduce_config(load(path), small) for path in ABLATIONS}


def tiny_schedule(**changes):
    steps = dict(type='MultiStepLR', begin=0, end=20, milestones=[12, 17], by_epoch=True)
    warm_up = dict(type='LinearLR', begin=0, end=500, by_epoch=False)
    return dict(train_cfg=dict(max_epochs=20, val_interval=5), param_scheduler=[warm_up, {**steps, **changes}])


class TestReduceConfig:
    """The reduced of a big config is the small model, as far as both describe the same method."""

    @pytest.mark.parametrize(
        ('big', 'reduced'),
        [
            ('dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py', STAGE1),
            ('dualcenter_hrnet-w48_8xb5-140e_coco-640x640.py', STAGE1),
            ('dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py', STAGE2),
            ('dualcenter_hrnet-w48_stage2_8xb5-20e_coco-640x640.py', STAGE2),
            (
                'dualcenter_hrnet-w32_stage3_8xb10-10e_coco-512x512.py',
                'dualcenter_hrnet-w16s_stage3_1xb8-3e_synthetic-256x256.py',
            ),
        ],
    )
    def test_main_configs(self, big, reduced, small):
        """Model, data and evaluation are those of the config written by hand; only the schedule is computed."""
        shrunk, expected = reduce_config(load(COCO / big), small), load(SYNTHETIC / reduced)
        assert {**OWN_CHOICE, **shrunk['model']} == {**OWN_CHOICE, **expected['model']}
        for key in ('train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator'):
            assert shrunk[key] == expected[key], key
        assert without_finals(shrunk['optim_wrapper']) == without_finals(expected['optim_wrapper'])
        assert shrunk['default_hooks'] == expected['default_hooks']
        assert [hook['type'] for hook in shrunk['custom_hooks']] == [hook['type'] for hook in expected['custom_hooks']]

    @pytest.mark.parametrize(
        ('baseline', 'size'),
        [('higherhrnet', 'w32_8xb24-300e_coco-512x512'), ('swahr', 'w48_8xb16-300e_coco-640x640')],
    )
    def test_rivals(self, baseline, size, small):
        """The reduced of a baseline is its small config, as for the main configs."""
        shrunk = reduce_config(load(CONFIGS / baseline / 'coco' / f'{baseline}_hrnet-{size}.py'), small)
        expected = load(CONFIGS / baseline / 'synthetic' / f'{baseline}_hrnet-w16s_1xb8-6e_synthetic-256x256.py')
        assert shrunk['model'] == expected['model']
        for key in ('train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator', 'default_hooks'):
            assert shrunk[key] == expected[key], key
        assert shrunk['optim_wrapper']['optimizer'] == expected['optim_wrapper']['optimizer']
        assert shrunk['train_cfg']['max_epochs'] == 30

    def test_all_ablations_differ(self, configs_of):
        """No two reduced configs train and test the same, but for rows and bars that are the same by definition."""
        same = [{'table6-row2-two-centers', 'fig12-left3-both'}, {'table6-row4-confidence', 'fig12-right2-confidence'}]
        same += [{'table6-row5-similarity', 'fig12-right3-both'}]
        for name, reduced in configs_of.items():
            for other, its in configs_of.items():
                is_equal = all(reduced.get(key) == its.get(key) for key in {*reduced, *its} - {'previous_stage'})
                assert is_equal == (name == other or {name, other} in same), (name, other)

    def test_ablated_parts_stay(self, configs_of):
        """Centers, scales, networks and decoding are those of the config."""
        head = configs_of['pinet-parts-stage2']['model']['head']
        assert [center['name'] for center in head['decoder']['centers']] == ['head_center', 'body_center', 'leg_center']
        assert head['pose_training'] == dict(max_candidates=150)
        head = configs_of['literal-equations']['model']['head']
        assert head['pose_nets']['refinement_units'] == 'pixel'
        assert head['decoder']['decoding'] == dict(spatial='gaussian')
        assert configs_of['fig12-right1-similarity']['model']['head']['pose_nets']['confidence'] is None
        assert configs_of['dekr-start-stage2']['model']['head']['decoder']['align'] == 'corner'
        assert configs_of['uniform-affine']['train_dataloader']['dataset']['pipeline'][1]['distribution'] == 'uniform'

    def test_scales(self, configs_of):
        """One scale a step where the config says nothing, else as it says; (1, 2, 1) puts half on the nominal one."""
        saved = {name: configs_of[name]['model'] for name in configs_of}
        assert saved['ema']['scales_per_step'] == 1
        assert saved['ema']['scale_probabilities'] == (1, 2, 1)
        assert saved['ema']['crop_largest']
        assert not saved['one-level-a-step'].get('crop_largest')
        assert saved['cropped-level'].get('scales_per_step') is None
        assert not saved['smaller-levels']['crop_largest']
        assert not saved['scale-augmentation']['crop_largest']
        assert 'scales_per_step' not in saved['table6-row1-baseline']

    def test_old_names_of_options(self, small):
        """A config in the words of 0.1.0 is reduced as in those of today."""
        config = load(COCO / 'dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py')
        model = rename_options(config['model'], SCALE_OPTIONS, 'the model')
        old = {name: model[new] for name, new in SCALE_OPTIONS.items() if new in model}
        rest = {name: value for name, value in model.items() if name not in SCALE_OPTIONS.values()}
        assert 'levels' in old
        with pytest.warns(FutureWarning, match="'levels' is now 'scales'"):
            found = reduce_config({**config, 'model': {**rest, **old}}, small)
        assert found == reduce_config({**config, 'model': model}, small)

    def test_every_level(self, small):
        """All scales in every step on demand; the crop alone saves time. One scale stays one."""
        model = reduce_config(load(COCO / 'dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py'), small, every_level=True)[
            'model'
        ]
        assert model['scales'] == (2.0, 1.0, 0.5)
        assert model.get('scales_per_step') is None
        assert model.get('scale_probabilities') is None
        assert model['crop_largest'] is True
        row1 = load(next(path for path in ABLATIONS if 'table6-row1' in path.name))
        assert reduce_config(row1, small, every_level=True) == reduce_config(row1, small)

    def test_training_size(self, configs_of):
        """The training image is the largest scale: 256, 1.5 x 256 and 2 x 256."""
        sizes = {
            name: configs_of[name]['train_dataloader']['dataset']['pipeline'][1]['input_size'] for name in configs_of
        }
        assert sizes['table6-row1-baseline'] == (256, 256)
        assert sizes['smaller-levels'] == (384, 384)
        assert sizes['scale-augmentation'] == (512, 512)

    def test_no_weights_of_full_size(self, configs_of):
        """Nothing is loaded or downloaded."""
        assert all(reduced['load_from'] is None for reduced in configs_of.values())
        assert all(reduced['model']['backbone']['init_cfg'] is None for reduced in configs_of.values())

    def test_no_mixed_precision(self, configs_of):
        """It would refuse a CPU; the rest of the fast settings stays."""
        wrapper = configs_of['fast-gpu']['optim_wrapper']
        assert not {'type', 'dtype', 'loss_scale'} & set(wrapper)
        assert wrapper['optimizer']['type'] == 'Adam'
        assert 'CompileBackboneHook' in {hook['type'] for hook in configs_of['fast-gpu']['custom_hooks']}

    def test_schedule(self, configs_of):
        """A tenth of the epochs: 140 with steps at 90, 120 become 14 with 9, 12; 20 with 12, 17 become 4 with 2, 3."""
        for name, epochs, milestones in (('ema', 14, [9, 12]), ('literal-equations', 4, [2, 3])):
            assert configs_of[name]['train_cfg']['max_epochs'] == epochs
            assert configs_of[name]['param_scheduler'][-1]['milestones'] == milestones
        assert configs_of['ema']['param_scheduler'][0]['end'] == 200

    def test_again_is_once(self, configs_of, small):
        """The reduced of a reduced differs in its schedule alone."""
        reduced = configs_of['pinet-parts']
        again = reduce_config(reduced, small)
        for key in set(reduced) - {'train_cfg', 'param_scheduler'}:
            assert again[key] == reduced[key], key

    def test_arguments_stay(self, small):
        """Neither config is changed."""
        config = load(COCO / 'dualcenter_hrnet-w48_stage2_8xb5-20e_coco-640x640.py')
        before, small_before = deepcopy(config), deepcopy(small)
        reduce_config(config, small)
        assert config == before
        assert small == small_before

    @pytest.mark.parametrize(
        ('folder', 'name', 'message'),
        [
            ('dualcenter/crowdpose', 'dualcenter_hrnet-w32_8xb10-300e_crowdpose-512x512.py', 'have 17 .* is 14'),
            ('dekr/coco', 'dekr_hrnet-w32_8xb10-140e_coco-512x512_bbpbbr.py', "model.head of type .* got 'DEKRHead'"),
        ],
    )
    def test_unsupported(self, folder, name, message, small):
        """Other keypoints and other heads are refused with what was expected and found."""
        with pytest.raises(ValueError, match=message):
            reduce_config(load(CONFIGS / folder / name), small)


class TestScaleSchedule:
    """Steps keep their share of the time."""

    def test_half(self):
        """20 epochs, steps at 12 and 17 of 20 -> 10 epochs, 6 and 8 (8.5 to the even number); warm-up stays."""
        scaled = scale_schedule(tiny_schedule(), 10)
        assert scaled['train_cfg'] == dict(max_epochs=10, val_interval=5)
        warm_up, steps = scaled['param_scheduler']
        assert warm_up['end'] == 500
        assert (steps['begin'], steps['end'], steps['milestones']) == (0, 10, [6, 8])

    def test_one_epoch(self):
        """No step falls before the first epoch ends, and the test comes at the end."""
        scaled = scale_schedule(tiny_schedule(), 1)
        assert scaled['train_cfg'] == dict(max_epochs=1, val_interval=1)
        assert scaled['param_scheduler'][1]['milestones'] == [1, 1]

    def test_longer(self):
        """Twice the epochs, twice the milestones."""
        scaled = scale_schedule(tiny_schedule(T_max=20), 40)
        assert scaled['param_scheduler'][1]['milestones'] == [24, 34]
        assert scaled['param_scheduler'][1]['T_max'] == 40

    def test_without_schedule(self):
        """A constant rate has nothing to scale."""
        assert scale_schedule(dict(train_cfg=dict(max_epochs=4), param_scheduler=[]), 2)['param_scheduler'] == []

    def test_arguments_stay(self):
        """The config is not changed."""
        config = tiny_schedule()
        scale_schedule(config, 3)
        assert config == tiny_schedule()

    def test_no_epochs(self):
        """Nothing to train is an error."""
        with pytest.raises(ValueError, match='at least 1 epoch, got 0'):
            scale_schedule(tiny_schedule(), 0)
