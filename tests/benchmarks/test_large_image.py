"""The memory of a process that predicts a picture of many people."""

import pytest

from benchmarks.memory import measure_process


@pytest.mark.slow
def test_peak_of_a_process():
    """It finds all that it is asked for, and takes more memory for a larger picture."""
    small, large = measure_process(256, 256), measure_process(768, 768)
    assert '300 people found' in small.name
    assert small.median < large.median
    assert large.ratio == pytest.approx(4096 / large.median)
