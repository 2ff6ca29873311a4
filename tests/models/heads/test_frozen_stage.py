"""The stages as the configs have them: what is frozen stays as it is to the last bit, what trains moves.

The head's own laws of freezing are in ``test_dual_center_head_pose_nets``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from tests.configs.reduce import NOMINAL, ROOT, load_reduced
from tests.helpers import encode_sample, make_batch, random_people

CONFIGS = ROOT / 'configs' / 'dualcenter'
STAGE_2 = 'synthetic/dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'
STAGE_3 = 'synthetic/dualcenter_hrnet-w16s_stage3_1xb8-3e_synthetic-256x256.py'
PAPER_STAGE_2 = 'coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py'
NETWORKS = 'head.pose_nets.'
DENSE = ('backbone.', 'head.heatmap_branch.', 'head.displacement_branch.')

Model = Any


def build(name: str, *, pose_training: dict[str, Any] | None = None, **backbone: Any) -> tuple[Model, Any]:
    """Return the reduced model of a config, initialised as a runner does, and its own optimizer wrapper.

    Args:
        name: of the config.
        pose_training: options of the candidates to learn from.
        backbone: options of the backbone that are not to be the config's.
    """
    init_default_scope('mmpose')
    config = load_reduced(CONFIGS / name, '', '')
    # Random maps resemble nobody; they must, for all networks to learn.
    config.model.head.pose_training = {'identity_thr': 1e-9, **(pose_training or {})}
    config.model.backbone.update(backbone)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    return model, build_optim_wrapper(model, config.optim_wrapper)


def samples_of(model: Model, *people: np.ndarray) -> list[Any]:
    """Return data samples of images with these instances."""
    return [encode_sample(model.head.decoder, poses) for poses in people]


def train(model: Model, optimizer: Any, num_steps: int = 3) -> tuple[set[str], set[str]]:
    """Run steps as a runner does; return the names of what has moved, and of what had a gradient."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    had_gradient: set[str] = set()

    def look(*_: Any) -> None:
        had_gradient.update(name for name, p in model.named_parameters() if p.grad is not None and p.grad.any())

    optimizer.optimizer.register_step_pre_hook(look)
    for step in range(num_steps):
        model.train()
        people = [random_people(n, NOMINAL, seed=10 * step + n) for n in (3, 2)]
        model.train_step(make_batch(samples_of(model, *people), NOMINAL, seed=step), optimizer)
    after = model.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}, had_gradient


def names_of(model: Model, *prefixes: str) -> set[str]:
    """Return the names of parameters and buffers below some parts."""
    return {name for name in model.state_dict() if name.startswith(prefixes)}


class TestStage2:
    """Three real steps of the configs of stage 2."""

    @pytest.mark.parametrize('name', [STAGE_2, pytest.param(PAPER_STAGE_2, marks=pytest.mark.slow)])
    def test_only_the_networks_move(self, name: str) -> None:
        """Every weight of the networks had a gradient and has moved; nothing else has, by a bit."""
        model, optimizer = build(name)
        moved, had_gradient = train(model, optimizer)
        networks = names_of(model, NETWORKS)
        assert moved == had_gradient == networks
        assert len(networks) > 20
        assert any('running_mean' in name for name in names_of(model, *DENSE))
        assert networks | names_of(model, *DENSE) == set(model.state_dict())

    def test_weight_decay_moves_nothing_frozen(self) -> None:
        """Nor does an optimizer that shrinks what it is given."""
        model, optimizer = build(STAGE_2)
        for group in optimizer.optimizer.param_groups:
            group['weight_decay'] = 0.1
        assert train(model, optimizer, num_steps=2)[0] <= names_of(model, NETWORKS)

    @pytest.mark.parametrize(
        ('backbone', 'kind'),
        [
            (dict(frozen_stages=-1, norm_eval=True), set()),
            (dict(frozen_stages=-1, norm_eval=False), {'running_mean', 'running_var', 'num_batches_tracked'}),
        ],
    )
    def test_the_backbone_needs_its_options(self, backbone: dict[str, Any], kind: set[str]) -> None:
        """The steps do show what would move: without the two options, the statistics of every normalisation do."""
        model, optimizer = build(STAGE_2, **backbone)
        moved, _ = train(model, optimizer, num_steps=1)
        statistics = {name for name in names_of(model, 'backbone.') if name.rpartition('.')[2] in kind}
        assert {name for name in moved if name.startswith('backbone.')} == statistics


class TestStage3:
    """The same steps with the config of stage 3."""

    def test_everything_moves(self) -> None:
        """Every weight and every statistic of the dense part moves, and the networks still do."""
        model, optimizer = build(STAGE_3)
        moved, had_gradient = train(model, optimizer)
        assert moved == set(model.state_dict())
        assert had_gradient == {name for name, _ in model.named_parameters()}

    @pytest.mark.parametrize('path', sorted(CONFIGS.rglob('*_stage3_*.py')), ids=lambda path: path.stem)
    def test_rates(self, path: Path) -> None:
        """The dense part learns at a tenth of the networks' rate, all of it, whatever the rates of stage 1."""
        init_default_scope('mmpose')
        config = Config.fromfile(path)
        with torch.device('meta'):  # weights are not looked at
            model = MODELS.build(config.model)
        optimizer = build_optim_wrapper(model, config.optim_wrapper)
        rates = {id(p): group['lr'] for group in optimizer.optimizer.param_groups for p in group['params']}
        for name, parameter in model.named_parameters():
            assert rates[id(parameter)] == pytest.approx(1e-4 if name.startswith(NETWORKS) else 1e-5), name


NOBODY = np.zeros((0, 17, 2), np.float32)


class TestNoParameterIsUnused:
    """DistributedDataParallel without find_unused_parameters waits for a gradient of each parameter that trains."""

    @pytest.mark.parametrize('name', [STAGE_2, STAGE_3])
    @pytest.mark.parametrize(
        ('people', 'num_candidates'), [((0, 0), 0), ((1,), 1), ((1, 0), 1), ((30, 7), None)], ids=str
    )
    def test_gradients(self, name: str, people: tuple[int, ...], num_candidates: int | None) -> None:
        """Nobody, a single candidate, and more instances than candidates are kept: everything that trains has one."""
        model, _ = build(name, pose_training=dict(num_jittered=0) if num_candidates is not None else {})
        model.train()
        if num_candidates is not None:
            model.head.decoder.decoding = self.without_peaks(model)
        batch = make_batch([self.sample(model, count, num_candidates) for count in people], NOMINAL)
        counted = self.count_candidates(model)
        data = model.data_preprocessor(batch, training=True)
        losses = model(**data, mode='loss')
        sum(losses.values()).backward()
        assert num_candidates in (None, counted[0])
        assert all(torch.isfinite(loss) for loss in losses.values())
        trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        assert [name for name, p in trained.items() if p.grad is None] == []
        assert len(trained) > 20

    def sample(self, model: Model, count: int, num_candidates: int | None) -> Any:
        """Return the data sample of so many instances; of their heads alone, where candidates are counted."""
        people = random_people(count, NOMINAL, seed=count) if count else NOBODY
        visible = np.ones(people.shape[:2])
        if num_candidates is not None and count:
            people[:] = NOMINAL / 2 + np.linspace(0, 20, 17)[:, None]
            visible[:, 5:] = 0
        return encode_sample(model.head.decoder, people, keypoints_visible=visible)

    def without_peaks(self, model: Model) -> Any:
        """Return decoding options under which no peak is a candidate."""
        return type(model.head.decoder.decoding)(candidate_thr=2.0)

    def count_candidates(self, model: Model) -> list[int]:
        """Return a list that the next forward pass fills with the number of its candidates."""
        counted: list[int] = []
        make = model.head.decoder.training_candidates

        def make_and_count(*arguments: Any) -> Any:
            candidates = make(*arguments)
            counted.append(int(candidates.valid.sum()))
            return candidates

        model.head.decoder.training_candidates = make_and_count
        return counted
