"""``MultiScaleTrainingWrapper``: any bottom-up estimator, trained on three sizes of each image, tested on one.

The wrapper extends the estimator in place of holding it: configs keep their shape (only ``type`` and the options
below change), checkpoints keep their names, and at test time nothing of it runs. For an estimator class other than
MMPose's ``BottomupPoseEstimator``, combine it with the same part::

    @MODELS.register_module()
    class MyMultiScaleEstimator(MultiScaleTraining, MyEstimator):
        pass
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from mmengine.logging import MessageHub
from mmengine.model import ModuleDict
from mmengine.optim import OptimWrapper
from mmpose.models.pose_estimators.bottomup import BottomupPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from dualcenter_mmpose.models.pose_estimators.auxiliary_weights import copy_nominal_head, rename_auxiliary_heads
from dualcenter_mmpose.models.pose_estimators.bn_statistics import frozen_bn_statistics
from dualcenter_mmpose.models.pose_estimators.contracts import FusingHead, PoseHead, PoseLevelHead, TargetSharingHead
from dualcenter_mmpose.models.pose_estimators.scale_images import features_to_grid, random_crop, resize, size_of
from dualcenter_mmpose.models.pose_estimators.scale_targets import (
    ScalePass,
    TargetRequest,
    make_scale_targets,
    person_range_in_cells,
)
from dualcenter_mmpose.models.pose_estimators.scales import TrainingScale, draw_scales, make_scales, scale_size
from dualcenter_mmpose.models.pose_estimators.sequential_step import run_scales_one_by_one
from dualcenter_mmpose.utils.renamed_options import SCALE_OPTIONS, accept_old_names

if TYPE_CHECKING:
    Estimator = Any  # BottomupPoseEstimator or any like it: what stands behind this class among the bases
else:
    Estimator = object

AUXILIARY_PREFIX = 'auxiliary_heads.'
GRIDS = ('nominal', 'own')
NOMINAL_HEAD_OPTIONS = ('pose_nets', 'pose_training', 'train_dense')


class MultiScaleTraining(Estimator):
    """Multi-scale training for a pose estimator class; put it before the estimator among the bases.

    Training images come at the largest scale's size (``input_size`` of the random affine is max(scales) * S),
    targets on the grid of the nominal scale. Each scale runs the shared backbone and a head of its own; the nominal
    head is the one that stays, the auxiliary ones exist in training only.

    Args:
        scales: input sizes over the nominal size S; must contain 1.
        scale_weights: share of each scale in the loss; equal by default.
        sequential: one backward per scale, so that memory peaks at the largest scale alone; else one backward for
            all. Under DistributedDataParallel it takes
            ``model_wrapper_cfg=dict(type='MultiScaleDistributedDataParallel')``.
        share_heads: use the nominal head on every scale.
        grid: ``'nominal'`` brings all scales to the nominal grid; ``'own'`` leaves each on its own, with targets
            made there: with ``share_heads`` this is plain scale augmentation, the control experiment.
        person_range: (px, share): a scale supervises an instance if its keypoint diagonal in that scale's own pixels
            is at least ``px`` and at most ``share`` of the scale's shorter side; the nominal scale has no upper
            bound. ``None`` leaves it to the codec.
        scales_per_step: how many scales a step runs, drawn anew each step; all by default.
        scale_probabilities: chances of the scales in that draw; equal by default.
        crop_largest: replace each scale above the nominal one by a random crop of nominal size, 2.3 instead of 5
            times the cost.
        head: config of the head, built once per scale.

    Raises:
        ValueError: for options that do not fit together.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.1 and Fig. 2.
    """

    head: PoseHead

    @accept_old_names(**SCALE_OPTIONS)
    def __init__(
        self,
        *args: Any,
        head: Mapping[str, Any],
        scales: Sequence[float] = (2.0, 1.0, 0.5),
        scale_weights: Sequence[float] | None = None,
        sequential: bool = True,
        share_heads: bool = False,
        grid: str = 'nominal',
        person_range: tuple[float, float] | None = (12.0, 0.9),
        scales_per_step: int | None = None,
        scale_probabilities: Sequence[float] | None = None,
        crop_largest: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, head=deepcopy(head), **kwargs)
        self.scales = make_scales(scales, scale_weights)
        self.sequential = sequential
        self.grid = grid
        self.person_range = person_range
        self.scales_per_step = len(self.scales) if scales_per_step is None else scales_per_step
        self.scale_probabilities = scale_probabilities
        self.crop_largest = crop_largest
        self._check_options()
        extra = [scale for scale in self.scales if not scale.is_nominal and not share_heads]
        # The pose-level networks rate poses of the nominal head; the others exist for their dense losses alone.
        auxiliary = {key: value for key, value in deepcopy(head).items() if key not in NOMINAL_HEAD_OPTIONS}
        self.auxiliary_heads = ModuleDict({scale.key: MODELS.build(deepcopy(auxiliary)) for scale in extra})
        self._register_load_state_dict_pre_hook(self._prepare_auxiliary_weights)
        self._num_steps = 0

    def _check_options(self) -> None:
        if self.grid not in GRIDS:
            raise ValueError(f"grid must be one of {GRIDS}, got '{self.grid}'")
        if not 1 <= self.scales_per_step <= len(self.scales):
            raise ValueError(f'scales_per_step must be 1 to {len(self.scales)}, got {self.scales_per_step}')
        chances = self.scale_probabilities
        if chances is not None and (len(chances) != len(self.scales) or not all(p > 0 for p in chances)):
            raise ValueError(f'scale_probabilities must be {len(self.scales)} positive numbers, got {list(chances)}')
        if self.crop_largest and any(scale.factor > 1 and scale.factor % 1 for scale in self.scales):
            raise ValueError('crop_largest needs whole-numbered scales above 1: a crop must end at a cell border')
        if self.crop_largest and self.grid == 'own':
            raise ValueError("crop_largest and grid='own' exclude each other")
        if self.grid == 'own' and not isinstance(self.head, TargetSharingHead):
            raise ValueError(f"grid='own' needs a head that makes targets itself; {type(self.head).__name__} does not")
        if len(self.scales) > 1 and isinstance(self.head, PoseLevelHead) and not self.head.train_dense:
            raise ValueError('train_dense=False trains on the nominal scale alone: set scales=(1,)')

    # Training

    @property
    def runs_scales_one_by_one(self) -> bool:
        """Whether a training step is several passes, each with a backward of its own."""
        return self.sequential and len(self.scales) > 1

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Run one training step and return what to log (mmengine's contract)."""
        if not self.runs_scales_one_by_one:
            return super().train_step(data, optim_wrapper)
        return run_scales_one_by_one(self, self, data, optim_wrapper)

    def forward(
        self,
        inputs: Tensor,
        data_samples: Sequence[Any] | None = None,
        mode: str = 'tensor',
        scale_pass: ScalePass | None = None,
    ) -> Any:
        """Return what the estimator returns in that mode, or the losses of a single pass.

        A pass comes this way and not by a method of its own because DistributedDataParallel sees only what is called.

        Args:
            inputs: (B, 3, h, w).
            data_samples: of the images.
            mode: mmengine's ``'tensor'``, ``'predict'`` or ``'loss'``.
            scale_pass: what to run alone; it brings its targets, and the other two arguments do not count.
        """
        if scale_pass is not None:
            return self.pass_loss(inputs, scale_pass)
        return super().forward(inputs, data_samples, mode)

    def loss(self, inputs: Tensor, data_samples: Sequence[Any]) -> dict[str, Tensor]:
        """Return the losses of the scales of this step, named by scale and weighted to an average.

        Args:
            inputs: (B, 3, h, w) at the largest scale's size.
            data_samples: with targets on the nominal grid.
        """
        losses: dict[str, Tensor] = {}
        for scale_pass in self.plan_passes(data_samples):
            losses.update(self.pass_loss(inputs, scale_pass))
        if self.scales_per_step < len(self.scales):
            losses.update(self.touch_heads())
        return losses

    def plan_passes(self, data_samples: Sequence[Any]) -> list[ScalePass]:
        """Return the passes of this step, that of the nominal scale last.

        Args:
            data_samples: with targets on the nominal grid.
        """
        targets = make_scale_targets(self.head, data_samples, self.train_cfg)
        drawn = self.draw_scales()
        total = sum(scale.weight for scale in drawn)
        return [ScalePass(scale, scale.weight / total, targets) for scale in drawn]

    def draw_scales(self) -> list[TrainingScale]:
        """Return the scales of this step, the same on every process, the nominal one last."""
        step = int(MessageHub.get_current_instance().get_info('iter', self._num_steps))
        self._num_steps += 1  # for loops without a runner, which count no iterations
        return draw_scales(self.scales, self.scales_per_step, self.scale_probabilities, seed=step)

    def scale_head(self, scale: TrainingScale) -> PoseHead:
        """Return the head that serves a scale."""
        return self.auxiliary_heads[scale.key] if scale.key in self.auxiliary_heads else self.head  # noqa: SIM401

    def pass_loss(self, inputs: Tensor, scale_pass: ScalePass) -> dict[str, Tensor]:
        """Return the losses of one scale, named by it and times its share.

        Args:
            inputs: (B, 3, h, w) at the largest scale's size.
            scale_pass: which scale, and the targets.
        """
        scale, targets = scale_pass.scale, scale_pass.targets
        largest = max(other.factor for other in self.scales)
        nominal = scale_size(size_of(inputs), largest, 1.0)
        images = resize(inputs, scale_size(size_of(inputs), largest, scale.factor))
        stride = nominal[1] / targets.grid_size[0]
        corner = None
        if self.crop_largest and scale.factor > 1:
            corner, images = random_crop(images, nominal, int(stride * scale.factor))
        request = TargetRequest(
            person_range=self._person_range(scale, stride, min(nominal)),
            grid_factor=scale.factor if self.grid == 'own' else 1.0,
            corner=corner,
            with_instances=scale.is_nominal,
        )
        head = self.scale_head(scale)
        # Only the nominal scale, the one of the test, moves BatchNorm's statistics.
        with frozen_bn_statistics(self, freeze=not scale.is_nominal):
            feats = self.extract_feat(images)
            if self.grid == 'nominal':
                feats = features_to_grid(feats, scale.factor, fuses=isinstance(head, FusingHead))
            losses = targets.loss(head, feats, request)
        return {f'{name}_{scale.label}': value * scale_pass.share for name, value in losses.items()}

    def _person_range(self, scale: TrainingScale, stride: float, nominal_side: int) -> tuple[float, float] | None:
        if self.person_range is None:
            return None
        return person_range_in_cells(self.person_range, scale, stride, nominal_side, own_grid=self.grid == 'own')

    def touch_heads(self) -> dict[str, Tensor]:
        """Return a zero loss that depends on every head: DistributedDataParallel waits for unused parameters."""
        heads = [self.head, *self.auxiliary_heads.values()]
        zero = sum(parameter.sum() * 0 for head in heads for parameter in head.parameters())
        return {'loss/idle_heads': zero}

    # Checkpoints

    def _prepare_auxiliary_weights(self, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
        """Make a checkpoint's auxiliary heads those of this model, before it is loaded."""
        head, auxiliary = f'{prefix}head.', prefix + AUXILIARY_PREFIX
        rename_auxiliary_heads(state_dict, auxiliary)
        copy_nominal_head(state_dict, head, auxiliary, keys=self.auxiliary_heads, skipped='pose_nets.')


@MODELS.register_module()
class MultiScaleTrainingWrapper(MultiScaleTraining, BottomupPoseEstimator):
    """MMPose's ``BottomupPoseEstimator`` with :class:`MultiScaleTraining`; takes the arguments of both.

    In a config that inherits from a bottom-up one::

        model = dict(type='MultiScaleTrainingWrapper', scales=(2, 1, 0.5))
    """
