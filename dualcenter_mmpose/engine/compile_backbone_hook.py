"""``CompileBackboneHook``: the backbone as compiled graphs while the model trains, as plain code at all other times."""

from __future__ import annotations

from typing import Any, Callable

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmpose.registry import HOOKS
from torch import nn


@HOOKS.register_module()
class CompileBackboneHook(Hook):
    """Compile ``model.backbone`` by ``torch.compile`` for the time of a training.

    mmengine's own ``compile=`` takes the whole training step, with its levels, targets and logging. Here the backbone
    alone is compiled, in place: names in checkpoints do not change, so that a run can be resumed with the hook or
    without it, and copies of the model, such as that of ``EMAHook``, are plain ones. The model runs compiled while it
    is in training mode. Validation sees images of many sizes, each of which would be compiled anew, and stays plain.

    Each input size has a graph of its own: three levels make three. A smaller batch at the end of an epoch makes three
    more; ``train_dataloader=dict(drop_last=True)`` saves the time for these.

    Args:
        backend: of ``torch.compile``.
        mode: of ``torch.compile``. Those with CUDA graphs reuse the memory of a level's features for the next level.
        dynamic: ``True`` makes one slower graph for all sizes.
        fullgraph: whether a part of the backbone that cannot be compiled is an error; else it runs as plain code.
        options: of ``torch.compile``, for the backend.

    Raises:
        RuntimeError: with PyTorch 2.0, which cannot compile in place.
    """

    def __init__(
        self,
        mode: str | None = None,
        backend: str | Callable[..., Any] = 'inductor',
        dynamic: bool | None = False,
        fullgraph: bool = False,
        options: dict[str, Any] | None = None,
    ) -> None:
        if not hasattr(nn.Module, 'compile'):
            raise RuntimeError('CompileBackboneHook needs PyTorch 2.1 or later; leave the hook out, or update PyTorch')
        self.compile_options = dict(mode=mode, backend=backend, dynamic=dynamic, fullgraph=fullgraph, options=options)
        self._backbone: nn.Module | None = None

    def before_train(self, runner: Any) -> None:
        """Compile, when the weights are loaded and the model is wrapped; the graphs are made at the first calls.

        Raises:
            ValueError: if the model has no backbone.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not isinstance(getattr(model, 'backbone', None), nn.Module):
            raise ValueError(f'CompileBackboneHook needs a model with a backbone, got {type(model).__name__} without')
        self._backbone = model.backbone
        compile_for_training(model, self.compile_options)

    def after_train(self, runner: Any) -> None:
        """Make the backbone plain again."""
        if self._backbone is not None:
            self._backbone._compiled_call_impl = None
            self._backbone = None


def compile_for_training(model: nn.Module, options: dict[str, Any]) -> None:
    """Compile a model's backbone in place, for the calls made while the model is in training mode.

    Args:
        model: the estimator. Its own mode decides: a frozen backbone may be in test mode throughout.
        options: of ``torch.compile``.
    """
    backbone: Any = model.backbone
    # PyTorch keeps at most eight graphs of a class's code, those of earlier models included: those of an earlier stage
    # would count here.
    torch.compiler.reset()
    backbone.compile(**options)
    compiled = backbone._compiled_call_impl

    def call(*args: Any, **kwargs: Any) -> Any:
        return (compiled if model.training else backbone._call_impl)(*args, **kwargs)

    # In the place where PyTorch keeps what `compile` made, and which it leaves out of copies: in any other, a copy of
    # the backbone would go on calling this one.
    backbone._compiled_call_impl = call
