"""Tables and JSON of an ablation, by hand."""

import json
from pathlib import Path

import pytest

from dualcenter_mmpose.experiments.ablation.plan import Method
from dualcenter_mmpose.experiments.ablation.report import write_report
from tests.helpers import squeeze

A, B = (Method(name, Path(f'{name}.py')) for name in 'ab')


def record(ap):
    boxes = {key: dict.fromkeys(('All', 'S', 'M', 'L'), ap) for key in ('BBP', 'BBR')}
    scores = dict(keypoints={'AP': ap}, boxes=dict(tool=boxes, bbox=boxes))
    return dict(stages=[dict(seconds=60.0, steps=5)], scores=scores)


def test_both_files(tmp_path):
    """Means, spreads, differences by pairs; a failed run is named and left out."""
    results = [(A, 0, record(10.0)), (B, 0, record(11.0)), (B, 1, record(13.0)), (A, 1, dict(error='out of luck'))]
    text = write_report(tmp_path, [A, B], results, dict(seeds=[0, 1], backbone=Path('w.pth')))
    assert text == (tmp_path / 'ablation.md').read_text()
    for line in ('| b | 2 | 12.00 ± 1.41 |', '| b | 1 | +1.00 |', 'a, seed 1, failed: out of luck'):
        assert line in squeeze(text)
    assert '- b, seed 1: 5 steps in 1.0 min' in text
    content = json.loads((tmp_path / 'ablation.json').read_text())
    assert content['options'] == dict(seeds=[0, 1], backbone='w.pth')
    assert content['statistics']['bbox']['above_first']['b']['AP']['mean'] == pytest.approx(1)
    assert [run['name'] for run in content['runs']] == ['a', 'b', 'b', 'a']
    assert sorted(path.name for path in tmp_path.iterdir()) == ['ablation.json', 'ablation.md']


def test_one_method(tmp_path):
    """Nothing to compare with."""
    assert 'Above' not in write_report(tmp_path, [A], [(A, 0, record(10.0))], {})


def test_nothing_done(tmp_path):
    """All failed."""
    assert '## Trained' not in write_report(tmp_path, [A, B], [(A, 0, dict(error='x'))], {})
