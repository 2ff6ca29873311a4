"""A training that ends when its time or its steps are spent, whatever its schedule says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmpose.registry import HOOKS

META_KEY = 'time_budget'
"""Where a checkpoint's ``meta`` says how long it was trained: ``seconds`` and ``steps``."""
CHECKPOINT = 'last_of_budget.pth'


class EndingLoader:
    """A loader that gives no more batches once a hook says so; all else is the loader's own.

    mmengine's epoch loop asks whether to stop between epochs only; an epoch that ends early is an ordinary end to it.

    Args:
        loader: the loader.
        hook: says by ``is_spent`` when to end.
    """

    def __init__(self, loader: Any, hook: TimeBudgetHook) -> None:
        self.loader = loader
        self.hook = hook

    def __iter__(self) -> Iterator[Any]:
        """Yield batches until the budget is spent."""
        for batch in self.loader:
            yield batch
            if self.hook.is_spent:
                return

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self.loader)

    def __getattr__(self, name: str) -> Any:
        """Return what the loader has: its data set, its sampler."""
        return getattr(self.loader, name)


@HOOKS.register_module()
class TimeBudgetHook(Hook):
    """Stop the training cleanly at a budget, and save the weights that it ends with as ``last_of_budget.pth``.

    Time is that of training steps with their data; validation does not count. It goes on counting when a training is
    resumed. Several processes stop together, when the first of them has spent its time. Without a budget the hook only
    counts: every checkpoint says in ``meta`` how many seconds and steps it took.

    Args:
        minutes: of training; any number by default.
        steps: of training; likewise.

    Raises:
        ValueError: for a budget that is not positive.
    """

    # After the hooks that log and save, so that the last step is in the log.
    priority = 'VERY_LOW'

    def __init__(self, minutes: float | None = None, steps: int | None = None) -> None:
        for name, value in (('minutes', minutes), ('steps', steps)):
            if value is not None and value <= 0:
                raise ValueError(f'TimeBudgetHook: {name} must be positive, but is {value}')
        self.minutes = minutes
        self.steps = steps
        self.seconds = 0.0
        self.is_spent = False
        self._clock = 0.0

    def before_train(self, runner: Any) -> None:
        """Have the loop end with the budget; a resumed training may have spent it already."""
        loop = runner.train_loop
        if not isinstance(loop.dataloader, EndingLoader):
            loop.dataloader = EndingLoader(loop.dataloader, self)
        self._decide(runner, runner.iter)

    def before_train_epoch(self, runner: Any) -> None:
        """Start the clock, which stands while the model is validated."""
        self._clock = time.perf_counter()

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Add the time of a step and see whether it was the last."""
        now = time.perf_counter()
        self.seconds += now - self._clock
        self._clock = now
        self._decide(runner, runner.iter + 1)  # the loop counts this step only afterwards

    def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
        """Leave the validation out, also in a loop of steps, which has one epoch."""
        self._clock = time.perf_counter()

    def _decide(self, runner: Any, steps: int) -> None:
        is_spent = self.steps is not None and steps >= self.steps
        if self.minutes is not None:
            is_over = self.seconds >= 60 * self.minutes
            if get_world_size() > 1:
                votes = torch.tensor(float(is_over))
                all_reduce(votes, op='max')
                is_over = bool(votes.item())
            is_spent |= is_over
        if is_spent:
            self.is_spent = runner.train_loop.stop_training = True

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Note in the checkpoint how long it was trained."""
        checkpoint['meta'][META_KEY] = dict(seconds=self.seconds, steps=checkpoint['meta']['iter'])

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Go on counting where a resumed training stopped."""
        if runner._resume:
            self.seconds = float(checkpoint.get('meta', {}).get(META_KEY, {}).get('seconds', 0.0))

    def after_train(self, runner: Any) -> None:
        """Save the last weights, where the budget ended the training."""
        if self.is_spent:
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            runner.save_checkpoint(runner.work_dir, CHECKPOINT, meta=meta)
            with open(f'{runner.work_dir}/last_checkpoint', 'w', encoding='utf-8') as note:
                note.write(f'{runner.work_dir}/{CHECKPOINT}')
