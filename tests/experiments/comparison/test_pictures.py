"""Pictures: drawn where there are numbers, and what they show is what the rows say."""

from __future__ import annotations

import cv2
import matplotlib.pyplot as plt
import pytest

from dualcenter_mmpose.experiments.comparison.pictures import draw_all, draw_bars, draw_curves, draw_speed
from dualcenter_mmpose.experiments.comparison.rows import Row

BOXES = {'BBP': dict(All=1.0, S=2.0, M=3.0, L=None), 'BBR': dict(All=5.0, S=6.0, M=7.0, L=8.0)}
CURVE = dict(recall=[0.0, 50.0], precision=[100.0, 40.0])
CURVES = dict(keypoints=CURVE, boxes=dict(All=CURVE, S=dict(recall=[], precision=[])))
MODEL = Row('ours', {'AP': 1.0}, {'tool': BOXES, 'bbox': BOXES}, speeds={1: 2.0, 4: 8.0}, curves=CURVES)
PRINTED = Row('them', {}, {'tool': BOXES}, is_printed=True)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close('all')


def test_bars():
    """A bar for each method and size; one that is not known has no height; the paper's are hatched."""
    panel = draw_bars([MODEL, PRINTED]).axes[0]
    assert [bar.get_height() for bar in panel.patches] == [1, 2, 3, 0] * 2
    assert [bar.get_hatch() for bar in panel.patches] == [None] * 4 + ['//'] * 4


def test_curves():
    """Keypoints, all boxes, small boxes; an empty curve is left out."""
    panels = draw_curves([MODEL, PRINTED]).axes
    assert [len(panel.lines) for panel in panels] == [1, 1, 0]
    assert panels[1].lines[0].get_xydata().tolist() == [[0, 100], [50, 40]]


@pytest.mark.parametrize(('recall', 'end'), [(11.9, 20), (50.0, 50), (99.5, 100), (0.0, 10)])
def test_recall_axis(recall, end):
    """All panels end at the next ten above the highest recall, so that weak methods can be told apart, too."""
    curves = dict(keypoints=dict(recall=[0.0, recall], precision=[100.0, 40.0]), boxes={})
    panels = draw_curves([MODEL._replace(curves=curves)]).axes
    assert [panel.get_xlim() for panel in panels] == [(0, end)] * 3


def test_speed():
    """From batch 1 to the best batch, at the BBR of small persons."""
    (panel,) = draw_speed([MODEL, PRINTED]).axes
    (line,) = panel.lines
    assert line.get_xydata().tolist() == [[2, 6], [8, 6]]


def test_draw_all(tmp_path):
    """Files are written whole, and only those with something to show."""
    assert [path.name for path in draw_all([MODEL], tmp_path)] == ['bars.png', 'curves.png', 'speed.png']
    assert sorted(path.name for path in tmp_path.iterdir()) == ['bars.png', 'curves.png', 'speed.png']
    assert cv2.imread(str(tmp_path / 'bars.png')).std() > 0
    assert draw_all([], tmp_path) == []
    assert [path.name for path in draw_all([PRINTED], tmp_path)] == ['bars.png']
