"""Several pieces of work at a time."""

import threading

import pytest

from dualcenter_mmpose.experiments.ablation.side_by_side import do_all


@pytest.mark.parametrize('jobs', [1, 2, 5])
def test_all_are_done(jobs):
    """Each with its key; one at a time in the order given."""
    found = list(do_all({name: lambda name=name: name * 2 for name in 'abc'}, jobs))
    assert sorted(found) == [('a', 'aa'), ('b', 'bb'), ('c', 'cc')]
    assert jobs > 1 or [key for key, _ in found] == ['a', 'b', 'c']


def test_at_the_same_time():
    """Two that wait for each other both end."""
    meeting = threading.Barrier(2, timeout=10)
    assert len(list(do_all(dict.fromkeys('ab', meeting.wait), 2))) == 2


@pytest.mark.parametrize('jobs', [1, 2])
def test_stopped(jobs):
    """An interruption goes through, and what was not begun is left."""
    begun = []

    def stop():
        begun.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(do_all(dict.fromkeys(range(9), stop), jobs))
    assert len(begun) < 9
