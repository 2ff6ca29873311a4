"""What is not a number is null."""

import math

from dualcenter_mmpose.utils.json_values import finite_or_none


def test_nested():
    """At any depth; everything else stays."""
    content = dict(a=[1, math.nan, (math.inf, -math.inf)], b=dict(c='NaN', d=None, e=0.5), f=True)
    assert finite_or_none(content) == dict(a=[1, None, [None, None]], b=dict(c='NaN', d=None, e=0.5), f=True)
