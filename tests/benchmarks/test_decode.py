"""The way from maps to people, timed and measured on a small picture."""

import pytest

from benchmarks import decode


@pytest.mark.slow
def test_parts(monkeypatch):
    """Every part has a time and a memory; the parts are cheaper than the whole, and the networks cost something."""
    monkeypatch.setattr(decode, 'SIZE', 128)
    monkeypatch.setattr(decode, 'BATCHES', (2,))
    monkeypatch.setattr(decode, 'DECODED_BATCH', 2)
    times, memory, alone = decode.run('cpu', repeats=1).values()
    assert [row.name for row in times] == [row.name for row in memory]
    peaks = {row.name: row.median for row in memory}
    assert peaks['maps to people, no network'] < peaks['maps to people, three networks'] < peaks['everything']
    assert all(row.median > 0 for row in times)
    assert [row.name for row in alone[:2]] == [row.name for row in times[2:]]
    assert alone[2].name.startswith('roofline')
