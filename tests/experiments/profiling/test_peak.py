"""Peak memory, on computations whose tensors can be counted by hand."""

import torch
from torch import nn

from dualcenter_mmpose.experiments.profiling.peak import (
    LiveStorages,
    peak_bytes,
    peak_kept_bytes,
    peak_mib,
    process_peak_mib,
)

MIB = 2**18  # float32 values


def test_the_result_counts():
    """One tensor of 1 MiB."""
    assert peak_bytes(lambda: torch.zeros(MIB)) == 2**20


def test_what_is_dropped_is_free_again():
    """Ten tensors one after the other take what two take: the new one is made before the old one goes."""

    def run():
        for _ in range(10):
            tensor = torch.zeros(MIB)
        return tensor

    assert peak_bytes(run) == 2 * 2**20


def test_together():
    """Three tensors at once, and their sum."""
    assert peak_bytes(lambda: sum([torch.zeros(MIB) for _ in range(3)])) >= 4 * 2**20


def test_views_cost_nothing():
    """A view of a new tensor keeps it alive and adds nothing; in-place work neither; one of an old tensor is free."""
    old = torch.zeros(MIB)
    assert peak_bytes(lambda: torch.zeros(MIB).view(512, -1).t().add_(1)) == 2**20
    assert peak_bytes(lambda: old.view(512, -1).t()) == 0


def test_a_view_holds_what_it_shows():
    """A tensor whose only holder is a view of it is not free yet."""

    def run():
        view = torch.zeros(MIB)[:1]
        return view, torch.zeros(MIB)

    assert peak_bytes(run) == 2 * 2**20


def test_nothing_is_left():
    """When all tensors are gone, so are their bytes, whatever addresses the allocator gave them."""
    with LiveStorages() as mode:
        tensors = [torch.zeros(MIB) for _ in range(3)]
        assert mode.meter.now == 3 * 2**20
        del tensors
    assert mode.meter.now == 0


def test_kept_for_backward():
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

    assert peak_kept_bytes(once, model) == 40
    assert peak_kept_bytes(twice, model) == 40
    assert peak_kept_bytes(both_at_once, model) == 80


def test_weights_do_not_count():
    """A linear layer keeps its input (12 bytes), and its weight is the model's anyway."""
    model = nn.Linear(3, 2)
    inputs = torch.ones(1, 3)
    assert peak_kept_bytes(lambda: model(inputs).sum().backward(), model) == 12


def test_mebibytes():
    """The weights, which were there before, are left out."""
    assert peak_mib(nn.Linear(MIB, 4), lambda: torch.zeros(MIB)) == 1


def test_process():
    """The process has held what it holds now, and 64 MiB more for a while."""
    before = process_peak_mib()
    size = int(before * 2**20) + 2**26
    torch.ones(size, dtype=torch.uint8)
    assert before + 64 <= process_peak_mib() < 4 * before + 256
