"""Batches on their way from a worker of the loader to the model: one block of shared memory for all images.

PyTorch moves every tensor of a batch through a shared memory file of its own. A batch of eight samples as MMPose
gathers it has eight images and forty small tensors of annotations, whose files cost more than what they hold.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.registry import FUNCTIONS
from torch import Tensor

INLINE_BYTES = 1 << 16
"""Size up to which a tensor is cheaper to send as bytes than by a file."""


class InlineSamples(list):
    """Data samples whose tensors are sent as bytes along with the rest of them; an ordinary list otherwise.

    Large tensors, such as dense target maps, are better off in shared memory: with one of them in a batch, all its
    tensors travel as PyTorch sends them.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make the list again on the other side."""
        buffer = io.BytesIO()
        try:
            _InlinePickler(buffer, pickle.HIGHEST_PROTOCOL).dump(list(self))
        except _TooLargeError:
            return InlineSamples, (list(self),)
        return _restore, (buffer.getvalue(),)


class _TooLargeError(Exception):
    """A tensor above the limit."""


class _InlinePickler(pickle.Pickler):
    """Writes tensors as arrays are written: by value, in place."""

    def reducer_override(self, value: Any) -> Any:
        """Return how to make a tensor again; everything else is pickled as always."""
        if not isinstance(value, Tensor):
            return NotImplemented
        if value.nbytes > INLINE_BYTES:
            raise _TooLargeError
        return torch.from_numpy, (value.numpy(),)


def _restore(data: bytes) -> InlineSamples:
    return InlineSamples(pickle.loads(data))


@FUNCTIONS.register_module()
def stack_collate(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a batch: images of one size as one tensor, written to shared memory in a worker; data samples as a list.

    For ``train_dataloader = dict(collate_fn=dict(type='stack_collate'))``. Images of several sizes stay a list, as
    mmengine's default leaves them.

    Args:
        samples: dictionaries with ``inputs`` (C, h, w) and ``data_samples``, from ``PackPoseInputs``.

    Returns:
        ``inputs`` (B, C, h, w) or a list, and ``data_samples``.
    """
    images = [sample['inputs'] for sample in samples]
    data_samples = InlineSamples(sample['data_samples'] for sample in samples)
    if len({(image.shape, image.dtype) for image in images}) > 1:
        return dict(inputs=images, data_samples=data_samples)
    out = None
    if torch.utils.data.get_worker_info() is not None:
        # As PyTorch's own collate does: the copy into the batch is the copy into shared memory.
        shape = (len(images), *images[0].shape)
        storage = images[0]._typed_storage()._new_shared(int(np.prod(shape)), device='cpu')
        out = images[0].new(storage).resize_(shape)
    return dict(inputs=torch.stack(images, out=out), data_samples=data_samples)
