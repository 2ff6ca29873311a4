"""What autograd holds, by hand."""

import torch
from torch import nn

from benchmarks.memory import peak_held_bytes


def test_held_for_backward():
    """exp of 10 floats keeps its result (40 bytes); two passes one after the other keep no more than one."""
    values = torch.ones(10, requires_grad=True)
    model = nn.Identity()

    def once():
        values.exp().sum().backward()

    def twice():
        once()
        once()

    def both_at_once():
        (values.exp().sum() + (values * 2).exp().sum()).backward()

    assert peak_held_bytes(once, model) == 40
    assert peak_held_bytes(twice, model) == 40
    assert peak_held_bytes(both_at_once, model) == 80


def test_weights_do_not_count():
    """A linear layer keeps its input (12 bytes), and its weight is the model's anyway."""
    model = nn.Linear(3, 2)
    inputs = torch.ones(1, 3)
    assert peak_held_bytes(lambda: model(inputs).sum().backward(), model) == 12
