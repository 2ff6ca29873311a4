"""JSON, Markdown and text of a comparison; the pictures are tested with `experiments.comparison.pictures`."""

import json
from pathlib import Path

from dualcenter_mmpose.experiments.comparison import report
from dualcenter_mmpose.experiments.comparison.entries import Entry
from dualcenter_mmpose.experiments.comparison.rows import row_of_ceiling
from dualcenter_mmpose.experiments.comparison.runs import Outcome
from tests.helpers import squeeze

CURVE = dict(recall=[0.0], precision=[1.0])
NUMBERS = {name: dict(All=1.0, S=2.0, M=3.0, L=4.0) for name in ('BBP', 'BBR')}
BOXES = dict(tool=NUMBERS, bbox=NUMBERS)
SCORES = dict(keypoints={'AP': 1.0}, boxes=BOXES, curves=dict(keypoints=CURVE, boxes={}))


def outcome(name, costs=None):
    return Outcome(Entry(name, results='a.json'), dict(scores=SCORES, costs=costs))


def test_files(tmp_path):
    """Failed entries are named, the others shown, the paper beside; nothing partial is left."""
    outcomes = [Outcome(Entry('bad', results='b.json'), None, 'ValueError: x'), outcome('good')]
    text = report.write_report(tmp_path, Path('val.json'), outcomes, row_of_ceiling(BOXES), 'coco', is_part=True)
    markdown = squeeze((tmp_path / 'comparison.md').read_text())
    for part in ('# Comparison on `val.json`, the images that are there', '| good | 1.00', '![bars](bars.png)'):
        assert part in markdown
    for part in ('bad failed: ValueError: x', 'Ours (HRNet-W32, 512 px), as printed', report.CEILING_NOTE):
        assert part in markdown
        assert part in text
    content = json.loads((tmp_path / 'comparison.json').read_text())
    assert [entry['error'] for entry in content['entries']] == ['ValueError: x', None]
    assert content['annotations'] == 'val.json'
    assert not list(tmp_path.glob('*partial*'))


def test_notes():
    """What entries say of their costs, and each machine once."""
    machine = dict(device='cpu', name='A', threads=2, torch='2.0')
    costs = [dict(machine=machine, notes=['slow']), dict(machine=machine), None]
    notes = report.collect_notes([outcome(f'm{i}', cost) for i, cost in enumerate(costs)])
    assert notes[1:] == ['m0: slow', 'Timed on cpu (A), 2 threads, torch 2.0.']
