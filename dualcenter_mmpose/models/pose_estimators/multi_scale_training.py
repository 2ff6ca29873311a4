"""``MultiScaleTrainingWrapper``: any bottom-up estimator, trained on three sizes of each image, tested on one.

The wrapper extends the estimator in place of holding it: configs keep their shape (only ``type`` and the options
below change), checkpoints keep their names, and at test time nothing of it runs. For an estimator class other than
MMPose's ``BottomupPoseEstimator``, combine it with the same part::

    @MODELS.register_module()
    class MyMultiScaleEstimator(MultiScaleTraining, MyEstimator):
        pass
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from mmengine.logging import MessageHub
from mmengine.model import ModuleDict
from mmengine.optim import OptimWrapper
from mmpose.models.pose_estimators.bottomup import BottomupPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.models.pose_estimators.level_targets import LevelTargets, crop_fields, crop_targets
from dualcenter_mmpose.models.pose_estimators.levels import (
    Level,
    features_to_grid,
    frozen_bn_statistics,
    level_size,
    make_levels,
    random_crop,
    resize,
)
from dualcenter_mmpose.models.pose_estimators.sequential_step import run_levels_one_by_one

AUXILIARY_PREFIX = 'auxiliary_heads.'
GRIDS = ('nominal', 'own')
NOMINAL_HEAD_OPTIONS = ('pose_nets', 'pose_training', 'train_dense')


class MultiScaleTraining:
    """Multi-scale training for a pose estimator class; put it before the estimator among the bases.

    Training images come at the largest level's size (``input_size`` of the random affine is max(levels) * S),
    targets on the grid of the nominal level. Each level runs the shared backbone and a head of its own; the nominal
    head is the one that stays, the auxiliary ones exist in training only.

    Args:
        levels: input sizes over the nominal size S; must contain 1.
        level_weights: share of each level in the loss; equal by default.
        sequential: one backward per level, so that memory peaks at the largest level alone; else one backward for
            all. Under DistributedDataParallel it takes
            ``model_wrapper_cfg=dict(type='MultiScaleDistributedDataParallel')``.
        share_heads: use the nominal head on every level.
        grid: ``'nominal'`` brings all levels to the nominal grid; ``'own'`` leaves each on its own, with targets
            made there: with ``share_heads`` this is plain scale augmentation, the control experiment.
        person_range: (px, share): a person teaches in a level if its keypoint diagonal in that level's own pixels
            is at least ``px`` and at most ``share`` of the level's shorter side; the nominal level has no upper
            bound. ``None`` leaves it to the codec.
        levels_per_step: how many levels a step runs, drawn anew each step; all by default.
        level_probabilities: chances of the levels in that draw; equal by default.
        crop_largest: replace each level above the nominal one by a random crop of nominal size, 2.3 instead of 5
            times the cost.
        head: config of the head, built once per level.

    Raises:
        ValueError: for options that do not fit together.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.1 and Fig. 2.
    """

    def __init__(
        self,
        *args: Any,
        head: Mapping[str, Any],
        levels: Sequence[float] = (2.0, 1.0, 0.5),
        level_weights: Sequence[float] | None = None,
        sequential: bool = True,
        share_heads: bool = False,
        grid: str = 'nominal',
        person_range: tuple[float, float] | None = (12.0, 0.9),
        levels_per_step: int | None = None,
        level_probabilities: Sequence[float] | None = None,
        crop_largest: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, head=deepcopy(head), **kwargs)
        self.levels = make_levels(levels, level_weights)
        self.sequential = sequential
        self.grid = grid
        self.person_range = person_range
        self.levels_per_step = len(self.levels) if levels_per_step is None else levels_per_step
        self.level_probabilities = level_probabilities
        self.crop_largest = crop_largest
        self._check_options()
        extra = [level for level in self.levels if not level.is_nominal and not share_heads]
        # The pose-level networks judge poses of the nominal head; the others exist for their dense losses alone.
        auxiliary = {key: value for key, value in deepcopy(head).items() if key not in NOMINAL_HEAD_OPTIONS}
        self.auxiliary_heads = ModuleDict({level.key: MODELS.build(deepcopy(auxiliary)) for level in extra})
        self._register_load_state_dict_pre_hook(self._copy_nominal_head)
        self._running: tuple[Level, LevelTargets] | None = None
        self._drawn: list[Level] = []
        self._num_steps = 0

    def _check_options(self) -> None:
        if self.grid not in GRIDS:
            raise ValueError(f"grid must be one of {GRIDS}, got '{self.grid}'")
        if not 1 <= self.levels_per_step <= len(self.levels):
            raise ValueError(f'levels_per_step must be 1 to {len(self.levels)}, got {self.levels_per_step}')
        chances = self.level_probabilities
        if chances is not None and (len(chances) != len(self.levels) or not all(p > 0 for p in chances)):
            raise ValueError(f'level_probabilities must be {len(self.levels)} positive numbers, got {list(chances)}')
        if self.crop_largest and any(level.scale > 1 and level.scale % 1 for level in self.levels):
            raise ValueError('crop_largest needs whole-numbered levels above 1: a crop must end at a cell border')
        if self.crop_largest and self.grid == 'own':
            raise ValueError("crop_largest and grid='own' exclude each other")
        if len(self.levels) > 1 and not getattr(self.head, 'train_dense', True):
            raise ValueError('train_dense=False trains on the nominal level alone: set levels=(1,)')

    # Training

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> dict[str, Tensor]:
        """Return the losses of the levels of this step, named by level and weighted to an average.

        Args:
            inputs: (B, 3, h, w) at the largest level's size.
            data_samples: with targets on the nominal grid.
        """
        if self._running is not None:
            level, targets = self._running
            return self._level_loss(level, inputs, targets)
        targets = LevelTargets(self.head, data_samples, self.train_cfg)
        losses: dict[str, Tensor] = {}
        for level in self.draw_levels():
            losses.update(self._level_loss(level, inputs, targets))
        if self.levels_per_step < len(self.levels):
            losses.update(self.touch_heads())
        return losses

    def draw_levels(self) -> list[Level]:
        """Return the levels of this step, the same on every process, the nominal level last.

        The nominal level last lets a sequential step end with the pass that every process synchronises on, and
        leaves BatchNorm statistics to it alone.
        """
        drawn = list(self.levels)
        if self.levels_per_step < len(self.levels):
            step = MessageHub.get_current_instance().get_info('iter', self._num_steps)
            generator = torch.Generator().manual_seed(int(step))
            chances = torch.tensor(self.level_probabilities or [1] * len(self.levels), dtype=torch.float64)
            picked = torch.multinomial(chances, self.levels_per_step, generator=generator)
            drawn = [self.levels[i] for i in picked.tolist()]
        self._num_steps += 1
        self._drawn = sorted(drawn, key=lambda level: level.is_nominal)
        return self._drawn

    @contextmanager
    def running_only(self, level: Level, targets: LevelTargets) -> Iterator[None]:
        """Make :meth:`loss` run one level on targets that exist already."""
        self._running = (level, targets)
        try:
            yield
        finally:
            self._running = None

    def level_head(self, level: Level) -> nn.Module:
        """Return the head that serves a level."""
        return self.auxiliary_heads[level.key] if level.key in self.auxiliary_heads else self.head  # noqa: SIM401

    def _level_loss(self, level: Level, inputs: Tensor, targets: LevelTargets) -> dict[str, Tensor]:
        largest = max(other.scale for other in self.levels)
        nominal = level_size(inputs.shape[-2:], largest, 1.0)
        images = resize(inputs, level_size(inputs.shape[-2:], largest, level.scale))
        stride = nominal[1] / targets.grid_size[0]
        corner = None
        if self.crop_largest and level.scale > 1:
            corner, images = random_crop(images, nominal, int(stride * level.scale))
        with frozen_bn_statistics(self, freeze=not level.is_nominal):
            feats = self.extract_feat(images)
            head = self.level_head(level)
            if self.grid == 'nominal':
                feats = features_to_grid(feats, level.scale, fuses=hasattr(head, 'fuse'))
            person_range = self._person_range(level, stride, min(nominal))
            losses = self._head_loss(head, level, feats, targets, person_range, corner)
        share = level.weight / sum(other.weight for other in self._drawn)
        return {f'{name}_{level.label}': value * share for name, value in losses.items()}

    def _head_loss(
        self,
        head: nn.Module,
        level: Level,
        feats: Sequence[Tensor],
        targets: LevelTargets,
        person_range: tuple[float, float] | None,
        corner: tuple[int, int] | None,
    ) -> dict[str, Tensor]:
        size = (feats[0].shape[-1], feats[0].shape[-2])
        if not targets.is_shared:
            if self.grid == 'own':
                raise ValueError(f"grid='own' needs a head that makes targets itself; {type(head).__name__} does not")
            samples = targets.data_samples if corner is None else crop_fields(targets.data_samples, corner, size)
            return head.loss(feats, samples, train_cfg=targets.train_cfg)
        dense = targets.for_level(person_range, level.scale if self.grid == 'own' else 1.0)
        if corner is not None:
            dense = crop_targets(dense, corner, size)
        if level.is_nominal and getattr(head, 'pose_nets', None) is not None:
            return head.loss_on_targets(feats, dense, targets.instances)
        return head.loss_on_targets(feats, dense)

    def _person_range(self, level: Level, stride: float, nominal_side: int) -> tuple[float, float] | None:
        """Return the diagonals that a level teaches, in cells of the grid that its targets live on.

        Args:
            level: the level.
            stride: nominal pixels per nominal cell.
            nominal_side: shorter side of the nominal input, px.
        """
        if self.person_range is None:
            return None
        # Cells of an own grid are as many pixels of the level itself; nominal cells are stride * scale of them.
        cell = stride if self.grid == 'own' else stride * level.scale
        highest = float('inf') if level.is_nominal else self.person_range[1] * nominal_side * level.scale / cell
        return self.person_range[0] / cell, highest

    def touch_heads(self) -> dict[str, Tensor]:
        """Return a zero loss that depends on every head: DistributedDataParallel waits for unused parameters."""
        heads = [self.head, *self.auxiliary_heads.values()]
        zero = sum(parameter.sum() * 0 for head in heads for parameter in head.parameters())
        return {'loss/idle_heads': zero}

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Run one training step and return what to log (mmengine's contract)."""
        if not self.sequential or len(self.levels) == 1:
            return super().train_step(data, optim_wrapper)
        return run_levels_one_by_one(self, self, data, optim_wrapper)

    # Checkpoints

    def _copy_nominal_head(self, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
        """Give auxiliary heads the nominal head's weights when a checkpoint has none for them (plain or DEKR ones)."""
        if any(key.startswith(prefix + AUXILIARY_PREFIX) for key in state_dict):
            return
        nominal = {
            key: value
            for key, value in state_dict.items()
            if key.startswith(f'{prefix}head.') and not key.startswith(f'{prefix}head.pose_nets.')
        }
        for level_key in self.auxiliary_heads:
            for key, value in nominal.items():
                name = key[len(f'{prefix}head.') :]
                state_dict[f'{prefix}{AUXILIARY_PREFIX}{level_key}.{name}'] = value


@MODELS.register_module()
class MultiScaleTrainingWrapper(MultiScaleTraining, BottomupPoseEstimator):
    """MMPose's ``BottomupPoseEstimator`` with :class:`MultiScaleTraining`; takes the arguments of both.

    In a config that inherits from a bottom-up one::

        model = dict(type='MultiScaleTrainingWrapper', levels=(2, 1, 0.5))
    """
