"""The same budget for every method: equal steps, shared among its stages, under one shape of schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmengine.config import Config

WARM_UP = 0.1
"""Longest warm-up, as a share of a stage's steps."""
FINAL_RATE = 0.01
"""Where the cosine ends, as a share of the rate."""


def share_steps(total: int, shares: Sequence[float]) -> list[int]:
    """Return the steps of every stage; they add up to the total.

    Args:
        total: steps of all stages together.
        shares: how they are shared among the stages, in any unit.

    Raises:
        ValueError: if a stage would have none.
    """
    if min(shares) <= 0:
        raise ValueError(f'--shares must be positive, got {list(shares)}')
    ends = [round(total * sum(shares[: count + 1]) / sum(shares)) for count in range(len(shares))]
    steps = [end - start for start, end in zip([0, *ends], ends)]
    if min(steps) < 1:
        raise ValueError(f'{total} steps do not suffice for {len(shares)} stages in the proportion {list(shares)}')
    return steps


def train_for_steps(config: Config, steps: int) -> Config:
    """Return a stage's config with a schedule that ends after so many steps: warm-up, then a cosine, step by step.

    The warm-up is the config's own, at most a tenth of the steps. The model is tested after the training alone.

    Args:
        config: of an epoch-based training; a copy is returned.
        steps: until the end of the schedule. What stops the training is left to ``TimeBudgetHook``.
    """
    changed = Config(config.to_dict(), filename=config.filename)
    own = (schedule for schedule in config.get('param_scheduler') or [] if schedule.type == 'LinearLR')
    warm_up = [dict(schedule, end=min(schedule.end, math.ceil(WARM_UP * steps))) for schedule in own]
    cosine = dict(type='CosineAnnealingLR', begin=0, end=steps, T_max=steps, eta_min_ratio=FINAL_RATE, by_epoch=False)
    changed.param_scheduler = [*warm_up, cosine]
    # As many epochs as the steps could ever take: an epoch has at least one.
    changed.train_cfg.update(max_epochs=steps, val_interval=steps + 1)
    return changed
