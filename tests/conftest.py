"""What mmengine keeps for a whole process must not reach the next test."""

import pytest
from mmengine.logging import MessageHub


@pytest.fixture(autouse=True)
def fresh_message_hub():
    """Forget the iteration, the annotation file and whatever else a run has left."""
    yield
    MessageHub._instance_dict.clear()
