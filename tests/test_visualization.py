"""The demo's pictures."""

import json

import cv2
import numpy as np

from dualcenter_mmpose import visualization
from tests.reference.coco_files import coco_content, person, write_coco

NAMES = ['left_hip', 'left_knee', 'right_knee']


def test_limb_colors():
    """The person's own left, the right and what joins them differ."""
    colors = {visualization.limb_color(NAMES, limb) for limb in ([0, 1], [2, 2], [1, 2])}
    assert len(colors) == 3


def test_draw_pose_leaves_hidden_joints_out():
    """A limb with an end that is not shown is not drawn, and nothing outside the pose changes."""
    image = np.zeros((40, 40, 3), np.uint8)
    points = np.array([[10.0, 10.0], [10.0, 30.0], [30.0, 30.0]])
    visualization.draw_pose(image, points, np.array([True, True, False]), NAMES, [[0, 1], [1, 2]])
    assert image[20, 10].any()
    assert not image[:, 20:].any()


def test_contact_sheet(tmp_path):
    """Pictures of 50, 100, 50 and 50 px: the fourth goes below the first, not below the tall one."""
    tiles = [np.full((height, 80, 3), 10 * k, np.uint8) for k, height in enumerate((50, 100, 50, 50), start=1)]
    visualization.write_contact_sheet(tiles, tmp_path / 'sheet.png', columns=3, width=80)
    sheet = cv2.imread(str(tmp_path / 'sheet.png'))
    assert sheet.shape == (120, 3 * 90, 3)
    assert (sheet[60:110, :80] == 40).all()
    assert (sheet[:100, 90:170] == 20).all()
    assert (sheet[60:, 180:] == 255).all()


def test_draw_predictions(tmp_path):
    """Annotated instances are drawn on the left half, predicted ones on the right, low scores not at all."""
    content = coco_content(person(1, 1, (20, 20, 60, 90)), num_images=1)
    content['categories'][0]['skeleton'] = [[1, 2], [16, 17]]
    ann_file = write_coco(tmp_path, content, with_images=True)
    shifted = np.array(content['annotations'][0]['keypoints'], float).reshape(17, 3) + np.array([100, 0, 0])
    results = [
        dict(image_id=1, score=0.9, keypoints=shifted.flatten().tolist()),
        dict(image_id=1, score=0.01, keypoints=[150.0, 140.0, 1.0] * 17),
    ]
    (tmp_path / 'results.json').write_text(json.dumps(results))
    out = tmp_path / 'people.png'
    visualization.draw_predictions(tmp_path / 'ann.json', tmp_path, tmp_path / 'results.json', out, num=1)
    assert ann_file.endswith('ann.json')
    pair = cv2.imread(str(out))[:, :720]
    scale = 720 / 406  # two pictures of 200 px and a gap of 6
    changed = (pair != 128).any(axis=2)
    left, right = changed[:, : int(200 * scale)], changed[:, int(210 * scale) :]
    assert left[: int(115 * scale), : int(90 * scale)].any()
    assert not left[int(10 * scale) : int(100 * scale), int(110 * scale) : int(190 * scale)].any()
    assert right[: int(115 * scale), int(100 * scale) :].any()
    assert not right[int(125 * scale) : int(150 * scale)].any()


def test_curves(tmp_path):
    """Losses of every scale are drawn; lines without losses are passed over."""
    losses = [{'step': s, 'loss/heatmap_2x': 1 / s, 'loss/displacement_2x': 0.1 / s} for s in range(1, 4)]
    lines = [*losses, {'coco/AP': 0.5, 'step': 3}]
    (tmp_path / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    visualization.draw_curves(tmp_path / 'scalars.json', tmp_path / 'curves.png')
    assert cv2.imread(str(tmp_path / 'curves.png')).std() > 0
