"""The benchmark command, on the quick suite."""

import json
import sys

import pytest

from benchmarks import __main__ as benchmark


def test_targets(monkeypatch, capsys, tmp_path):
    """One round prints a table per number of persons and writes the same as JSON."""
    out = tmp_path / 'targets.json'
    monkeypatch.setattr(sys, 'argv', ['benchmarks', 'targets', '--repeats', '1', '--out', str(out)])
    benchmark.main()
    printed = capsys.readouterr().out
    results = json.loads(out.read_text())
    assert list(results['targets']) == ['10 persons', '30 persons', '60 persons']
    names = [row['name'] for row in results['targets']['30 persons']]
    assert 'SPR' in names[0]
    assert all(name in printed for name in names)


def test_no_gpu(monkeypatch):
    """Asking for a device that is not there ends with the usage."""
    monkeypatch.setattr(benchmark.torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(sys, 'argv', ['benchmarks', 'targets', '--device', 'cuda'])
    with pytest.raises(SystemExit):
        benchmark.main()
