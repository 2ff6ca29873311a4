"""Results are those of 0.1.0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dev.golden import differences

ROOT = Path(__file__).parents[2]


class TestDifferences:
    """differences."""

    def test_units(self):
        """Losses are compared by their share, predictions by px."""
        found = dict(losses=dict(a=0.0011), predictions=dict(b=[[[1.0, 2.5]]]))
        expected = dict(losses=dict(a=0.001), predictions=dict(b=[[[1.0, 2.0]]]))
        assert differences(found, expected) == pytest.approx({'/losses/a': 0.1, '/predictions/b': 0.5})

    def test_other_shapes(self):
        """A person more, or a loss less, is no small difference."""
        assert differences(dict(b=[[[1.0], [2.0]]]), dict(b=[[[1.0]]])) == {'/b': float('inf')}
        assert differences({}, dict(a=1.0)) == {'/keys': float('inf')}


@pytest.mark.slow
def test_golden_values():
    """Predictions of the shipped checkpoint and losses of three training steps.

    On the machine that wrote them they are equal to the last bit; other processors round otherwise.
    """
    command = [sys.executable, '-W', 'ignore', '-m', 'dev.golden', '--tolerance', '1e-3']
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
