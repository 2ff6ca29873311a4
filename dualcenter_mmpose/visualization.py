"""Pictures of ground-truth and predicted poses, and of training curves."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
import numpy as np

LEFT, RIGHT, MIDDLE = (60, 180, 255), (255, 150, 60), (120, 220, 120)
"""Limb colours, BGR: the person's own left, the right, and what joins them."""


def limb_color(names: Sequence[str], limb: Sequence[int]) -> tuple[int, int, int]:
    """Return the colour of a limb given the keypoint names and its two indices."""
    ends = [names[i] for i in limb]
    if all(name.startswith('left') for name in ends):
        return LEFT
    if all(name.startswith('right') for name in ends):
        return RIGHT
    return MIDDLE


def draw_pose(
    image: np.ndarray, keypoints: np.ndarray, is_shown: np.ndarray, names: Sequence[str], limbs: Iterable[Sequence[int]]
) -> None:
    """Draw a pose into an image, in place.

    Args:
        image: (h, w, 3) BGR uint8.
        keypoints: (K, 2) px of this image.
        is_shown: (K,) bool.
        names: K keypoint names.
        limbs: pairs of keypoint indices.
    """
    extent = np.ptp(keypoints[is_shown], axis=0).max() if is_shown.any() else 0
    thickness = 1 if extent < 120 else 2
    points = np.round(keypoints * 8).astype(int)  # three fractional bits
    for limb in limbs:
        if is_shown[list(limb)].all():
            ends = [tuple(int(v) for v in points[i]) for i in limb]
            cv2.line(image, ends[0], ends[1], limb_color(names, limb), thickness, cv2.LINE_AA, shift=3)
    for point in points[is_shown]:
        center = (int(point[0]), int(point[1]))
        cv2.circle(image, center, 8 * thickness + 4, (255, 255, 255), -1, cv2.LINE_AA, shift=3)


def draw_side_by_side(
    image: np.ndarray,
    annotations: Sequence[Mapping[str, Any]],
    predictions: Sequence[Mapping[str, Any]],
    category: Mapping[str, Any],
    score_thr: float,
) -> np.ndarray:
    """Return the image twice, with ground-truth instances on the left and predicted ones on the right.

    Args:
        image: (h, w, 3) BGR uint8.
        annotations: COCO annotations of the image; those without keypoints are shown by their boxes.
        predictions: COCO keypoint results of the image.
        category: COCO category with ``keypoints`` and ``skeleton``.
        score_thr: predictions below are left out.
    """
    truth, found = image.copy(), image.copy()
    limbs = [[a - 1, b - 1] for a, b in category['skeleton']]
    for annotation in annotations:
        pose = np.asarray(annotation['keypoints'], float).reshape(-1, 3)
        if not pose[:, 2].any():
            x, y, w, h = (int(v) for v in annotation['bbox'])
            cv2.rectangle(truth, (x, y), (x + w, y + h), (200, 200, 200), 1)
        draw_pose(truth, pose[:, :2], pose[:, 2] > 0, category['keypoints'], limbs)
    for prediction in sorted(predictions, key=lambda p: float(p['score'])):
        if prediction['score'] >= score_thr:
            pose = np.asarray(prediction['keypoints'], float).reshape(-1, 3)
            draw_pose(found, pose[:, :2], np.ones(len(pose), bool), category['keypoints'], limbs)
    return np.hstack([truth, np.full((image.shape[0], 6, 3), 255, np.uint8), found])


def write_contact_sheet(tiles: Sequence[np.ndarray], path: Path, columns: int = 3, width: int = 720) -> None:
    """Write pictures as one sheet, each below the shortest column so far.

    Args:
        tiles: pictures (h, w, 3) of any size.
        path: PNG or JPEG file to write.
        columns: pictures side by side.
        width: of each picture on the sheet, px.
    """
    stacks: list[list[np.ndarray]] = [[] for _ in range(columns)]
    for tile in tiles:
        resized = cv2.resize(tile, (width, round(tile.shape[0] * width / tile.shape[1])), interpolation=cv2.INTER_AREA)
        framed = np.pad(resized, ((0, 10), (0, 10), (0, 0)), constant_values=255)
        min(stacks, key=lambda stack: sum(len(above) for above in stack)).append(framed)
    filled = [np.vstack(stack) for stack in stacks if stack]
    height = max(len(stack) for stack in filled)
    sheet = np.hstack([np.pad(s, ((0, height - len(s)), (0, 0), (0, 0)), constant_values=255) for s in filled])
    if not cv2.imwrite(str(path), sheet):
        raise OSError(f"could not write '{path}'")


def draw_predictions(annotation_file: Path, images_dir: Path, results_file: Path, out: Path, num: int = 12) -> None:
    """Write a contact sheet of ground-truth and predicted instances, for images with labelled keypoints.

    Args:
        annotation_file: COCO annotations.
        images_dir: folder of the images.
        results_file: COCO keypoint results.
        out: picture to write.
        num: images on the sheet.
    """
    truth = json.loads(annotation_file.read_text())
    by_image, found = defaultdict(list), defaultdict(list)
    for annotation in truth['annotations']:
        if not annotation['iscrowd']:
            by_image[annotation['image_id']].append(annotation)
    for result in json.loads(results_file.read_text()):
        found[result['image_id']].append(result)
    inhabited = [image for image in truth['images'] if any(a['num_keypoints'] for a in by_image[image['id']])]
    tiles = []
    for image in inhabited[:num]:
        picture = cv2.imread(str(images_dir / image['file_name']))
        pair = (by_image[image['id']], found[image['id']])
        tiles.append(draw_side_by_side(picture, *pair, truth['categories'][0], score_thr=0.25))
    write_contact_sheet(tiles, out)


def draw_curves(scalars_file: Path, out: Path) -> None:
    """Write the training losses of a run as a picture.

    Args:
        scalars_file: ``vis_data/scalars.json`` of mmengine's runner, one JSON object a line.
        out: picture to write.
    """
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in scalars_file.read_text().splitlines():
        record = json.loads(line)
        for key, value in record.items():
            if key.startswith('loss/') and 'step' in record:
                curves[key].append((record['step'], value))
    figure, axes = plt.subplots(1, 2, figsize=(11, 4))
    for axis, kind in zip(axes, ('heatmap', 'displacement')):
        for key in sorted(curves):
            if kind in key:
                axis.plot(*zip(*curves[key]), label=key.split('_')[-1])
        axis.set(title=f'{kind} loss by level', xlabel='step', yscale='log')
        axis.legend()
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)
