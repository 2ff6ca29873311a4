"""What one test leaves in mmengine's process-wide state does not reach the next."""

import pytest
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope


@pytest.mark.parametrize('run', range(4))
def test_fresh(run):
    """Each run finds nothing of the one before: no scope for the registries, nothing under a shared name."""
    assert DefaultScope.get_current_instance() is None
    assert not MessageHub.check_instance_created('left_behind')
    DefaultScope.get_instance('left_behind', scope_name='mmengine')
    MessageHub.get_instance('left_behind')
