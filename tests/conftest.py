"""What mmengine keeps for a whole process must not reach the next test."""

import pytest
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def fresh_process_state():
    """Forget the iteration, the annotation file and the scope that registries search, whatever a run has left.

    A runner without ``default_scope`` leaves ``mmengine`` as the current scope, where no part of MMPose is found.
    """
    yield
    MessageHub._instance_dict.clear()
    DefaultScope._instance_dict.clear()
