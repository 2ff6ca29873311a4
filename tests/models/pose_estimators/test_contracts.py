"""Which heads take part in what."""

import pytest

from dualcenter_mmpose.models.pose_estimators.contracts import FusingHead, PoseLevelHead, TargetSharingHead
from tests.helpers import build_model, tiny_dekr, tiny_model

SIZE = 64


def test_dual_center_head():
    """Ours makes its targets, joins the maps and tells whether it needs the instances."""
    head = build_model(tiny_model(SIZE)).head
    assert isinstance(head, TargetSharingHead)
    assert isinstance(head, FusingHead)
    assert isinstance(head, PoseLevelHead)
    assert not head.needs_instances


def test_stock_head():
    """MMPose's DEKR head keeps the plain contract alone."""
    head = build_model(tiny_dekr(SIZE)).head
    assert not isinstance(head, (TargetSharingHead, FusingHead, PoseLevelHead))


@pytest.mark.parametrize('missing', ['unpack_instances', 'make_targets', 'loss_on_targets', 'decoder', None])
def test_all_methods_are_needed(missing):
    """A head of one's own shares targets with all four parts, and does not without any one of them."""
    parts = {
        'decoder': None,
        **dict.fromkeys(('unpack_instances', 'make_targets', 'loss_on_targets'), lambda self: None),
    }
    head = type('MyHead', (), {name: part for name, part in parts.items() if name != missing})()
    assert isinstance(head, TargetSharingHead) == (missing is None)
    assert not isinstance(head, PoseLevelHead)
