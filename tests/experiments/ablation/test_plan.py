"""Which trainings an ablation needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dualcenter_mmpose.experiments.ablation.plan import parse_methods, plan_run, training_runs_of


@pytest.fixture
def configs(tmp_path):
    """Two second stages on one first stage."""
    (tmp_path / 'first.py').write_text("model = dict(a=1)\ncustom_hooks = [dict(type='A')]\n")
    for name in ('b', 'c'):
        (tmp_path / f'{name}.py').write_text(
            f"model = dict({name}=2)\nprevious_stage = '{tmp_path}/first.py'\nload_from = 'old.pth'\n"
        )
    return tmp_path


def plan(path, seed=0, **options):
    return training_runs_of(plan_run(path, seed, lambda config: config, **options))


class TestPlanRun:
    """Stages become trainings of their own, one after the other."""

    def test_stages(self, configs):
        """Seed and budget reach every stage, later ones start from what the earlier leave, other hooks stay."""
        first, second = plan(configs / 'b.py', seed=3, minutes=[2.0, 1.0])
        assert second.after is first
        assert [unit.config.randomness.seed for unit in (first, second)] == [3, 3]
        hooks = [dict(type='A'), dict(type='TimeBudgetHook', minutes=2.0, steps=None)]
        assert first.config.custom_hooks == hooks
        assert second.config.custom_hooks == [dict(type='TimeBudgetHook', minutes=1.0, steps=None)]
        assert (second.config.previous_stage, second.config.load_from) == (None, None)

    def test_shared(self, configs):
        """Two configs on one first stage train it once; another seed or budget makes another training."""
        (first, b), (other, c) = plan(configs / 'b.py'), plan(configs / 'c.py')
        assert first.folder == other.folder
        assert b.folder != c.folder
        assert plan(configs / 'b.py', seed=1)[0].folder != first.folder
        assert plan(configs / 'b.py', steps=[5])[0].folder != first.folder

    def test_changed_first_stage(self, configs):
        """A second stage on another first stage is another training, though its own config is the same."""
        before = plan(configs / 'b.py')[1].folder
        (configs / 'first.py').write_text('model = dict(a=5)\n')
        assert plan(configs / 'b.py')[1].folder != before

    def test_budgets(self, configs):
        """Two budgets for one stage."""
        with pytest.raises(
            ValueError, match=r"first\.py' has 1 stages: give one budget for all, or 1; got \[1\.0, 2\.0\]"
        ):
            plan(configs / 'first.py', minutes=[1.0, 2.0])

    def test_total_steps(self, configs):
        """Of both stages together, as the shares say; a single stage has them all; else epochs decide."""
        for name, epochs in (('first', 3), ('b', 1)):
            with open(configs / f'{name}.py', 'a') as file:
                file.write(f'train_cfg = dict(max_epochs={epochs})\n')
        steps = [unit.config.custom_hooks[-1].steps for unit in plan(configs / 'b.py', total_steps=8, shares=[1, 1])]
        assert steps == [4, 4]
        assert plan(configs / 'first.py', total_steps=8, shares=[1, 1])[0].config.custom_hooks[-1].steps == 8
        units = plan(configs / 'b.py', total_steps=8)
        assert [unit.config.custom_hooks[-1].steps for unit in units] == [6, 2]
        assert [unit.config.param_scheduler[-1].end for unit in units] == [6, 2]

    def test_backbone(self, configs):
        """First stages start from it; later ones from the stage before."""
        for name in ('first', 'b'):
            with open(configs / f'{name}.py', 'a') as file:
                file.write("model.update(backbone=dict(init_cfg=dict(type='Old', seed=1)))\n")
        first, second = plan(configs / 'b.py', backbone=configs / 'w.pth')
        expected = dict(type='Pretrained', checkpoint=str(configs / 'w.pth'), prefix='backbone.')
        assert first.config.model.backbone.init_cfg == expected
        assert second.config.model.backbone.init_cfg.type == 'Old'

    def test_prepared(self, configs):
        """What is prepared is what is trained."""

        def prepare(config):
            config.model = dict(small=True)
            return config

        assert plan_run(configs / 'first.py', 0, prepare).config.model == dict(small=True)


class TestParseContestants:
    """PATH, or NAME=PATH."""

    def test_names(self):
        found = parse_methods(['a/b.py', 'x=a/b.py'])
        assert [(c.name, c.path) for c in found] == [('b', Path('a/b.py')), ('x', Path('a/b.py'))]

    def test_twice(self):
        with pytest.raises(ValueError, match=r"these occur twice: \['b'\]"):
            parse_methods(['a/b.py', 'c/b.py'])
