"""Peak memory, on computations whose tensors can be counted by hand."""

import torch

from dualcenter_mmpose.experiments.profiling.peak import LiveStorages, peak_bytes

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
        assert mode._now == 3 * 2**20
        del tensors
    assert mode._now == 0
