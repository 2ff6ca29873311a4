"""Find people in images with a model that ``dualcenter export`` wrote.

Needs numpy, OpenCV and ONNX Runtime, and nothing else: neither PyTorch nor OpenMMLab nor this project. The file can be
copied to where the model runs. OpenCV 5 works, but its ``warpAffine`` rounds a tenth of the bytes otherwise than the
OpenCV 4 that models are trained with, and keypoints move by hundredths of a pixel (docs/export.md).

Example::

    pip install numpy 'opencv-python-headless<5' onnxruntime
    python onnx_runner.py model.onnx photo.jpg --out results.json --draw drawings

Results are a list in COCO's form, one entry an instance, the best of each image first: ``file_name``, ``image_id`` (the
number in the file name where every name is a number of its own, else 1, 2, ... in the order of the arguments),
``category_id``, ``keypoints`` (x, y, score for each, px of the image on disk), ``score``, ``bbox`` (x, y, w, h).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

FORMAT = 'dualcenter_mmpose/1'
PROVIDERS = {'cpu': 'CPUExecutionProvider', 'cuda': 'CUDAExecutionProvider'}
HOW_TO_INSTALL = "pip install numpy 'opencv-python-headless<5' onnxruntime"
DRAWN_SCORE = 0.25
"""Instances below are not drawn unless another threshold is given."""

LEFT, RIGHT, MIDDLE = (60, 180, 255), (255, 150, 60), (120, 220, 120)
"""Limb colours, BGR: the person's own left, the right, and what joins them."""


class PredictError(ValueError):
    """An input that cannot be used; the message says why and what to do."""


class Warp(NamedTuple):
    """How an image was brought to the size of the network.

    Attributes:
        matrix: (2, 3), image px -> input px.
        center: (2,) middle of the image, image px.
        scale: (2,) what the whole input covers of the image, image px.
    """

    matrix: np.ndarray
    center: np.ndarray
    scale: np.ndarray


def make_warp(image_size: tuple[int, int], input_size: tuple[int, int]) -> Warp:
    """Return the warp that fits an image into the input, in the middle, proportions kept.

    The same numbers as MMPose's ``BottomupResize(resize_mode='fit')``, rounding included.

    Args:
        image_size: (w, h).
        input_size: (w, h).
    """
    width, height = image_size
    fitted = min(input_size[0], input_size[1] * width / height), min(input_size[1], input_size[0] * height / width)
    center = np.array([width / 2, height / 2], np.float32)
    scale = np.array([width * input_size[0] / fitted[0], height * input_size[1] / fitted[1]], np.float32)
    # Three points: the middle, the middle of the left border, and their third corner of a right angle.
    there = np.array([[input_size[0] / 2, input_size[1] / 2], [0, input_size[1] / 2], [0, 0]], np.float32)
    there[2, 1] = there[0, 1] + there[0, 0]
    left = np.array([center[0] - scale[0] / 2, center[1]], np.float32)
    here = np.array([center, left, [left[0], left[1] + (center[0] - left[0])]], np.float32)
    return Warp(cv2.getAffineTransform(here, there), center, scale)


def warp_image(image: np.ndarray, warp: Warp, input_size: tuple[int, int]) -> np.ndarray:
    """Return the image (h, w, 3) at the size of the network, zeros where it does not reach."""
    return cv2.warpAffine(image, warp.matrix, input_size, flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0))


def to_image(points: np.ndarray, warp: Warp, input_size: tuple[int, int]) -> np.ndarray:
    """Return points (..., 2) of the input in px of the image; inverse of the warp."""
    return points / np.array(input_size, np.float32) * warp.scale + warp.center - 0.5 * warp.scale


def read_image(path: Path) -> np.ndarray:
    """Return an image (h, w, 3) BGR uint8, turned as its EXIF data say.

    Raises:
        PredictError: if the file is missing or no image.
    """
    if not path.is_file():
        raise PredictError(f"image '{path}' does not exist")
    # Not imread: on Windows it does not open every name.
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if image is None:
        raise PredictError(f"'{path}' is not an image that OpenCV can read")
    return image


class Model:
    """A model of `dualcenter export` in ONNX Runtime.

    Args:
        path: of the model.
        provider: key of :data:`PROVIDERS`.
        threads: that work on one operator; ONNX Runtime's choice by default.

    Raises:
        PredictError: if the file is missing, broken or no model of ours, or the provider is not there.
        ImportError: without ONNX Runtime, saying how to install it.
    """

    def __init__(self, path: Path, provider: str = 'cpu', threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(f'{error}; {HOW_TO_INSTALL}') from error
        if not path.is_file():
            raise PredictError(f"model '{path}' does not exist")
        if PROVIDERS[provider] not in onnxruntime.get_available_providers():
            raise PredictError(
                f'this ONNX Runtime has no {PROVIDERS[provider]}, only {onnxruntime.get_available_providers()}; '
                'install onnxruntime-gpu, or leave out --provider'
            )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads or 0
        try:
            self.session = onnxruntime.InferenceSession(str(path), options, providers=[PROVIDERS[provider]])
        except Exception as error:  # its own classes are not public
            raise PredictError(f"ONNX Runtime cannot load '{path}': {str(error).splitlines()[0]}") from error
        self.description = read_description(self.session.get_modelmeta().custom_metadata_map, path)
        self.input_size: tuple[int, int] = tuple(self.description['input_size'])
        self.batch_size: int | None = self.description['batch_size']
        self.names = [output.name for output in self.session.get_outputs()]

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs for images (B, 3, H, W) uint8 in the model's channel order, in input px."""
        return dict(zip(self.names, self.session.run(self.names, {'images': images})))

    def predict(self, images: Sequence[np.ndarray]) -> list[dict[str, np.ndarray]]:
        """Return the predicted instances of images of any size.

        Args:
            images: (h, w, 3) BGR uint8 each; at most as many as the model takes at once.

        Returns:
            For each image ``keypoints`` (n, K, 2) and ``boxes`` (n, 4) xyxy in px of that image,
            ``keypoint_scores`` (n, K), ``scores`` (n,).
        """
        warps = [make_warp((image.shape[1], image.shape[0]), self.input_size) for image in images]
        outputs = self.run(self.stack([warp_image(i, w, self.input_size) for i, w in zip(images, warps)]))
        per_image = []
        for idx, warp in enumerate(warps):
            found = {
                name: values[idx][: outputs['num_people'][idx]] for name, values in outputs.items() if values.ndim > 1
            }
            found['keypoints'] = to_image(found['keypoints'], warp, self.input_size)
            found['boxes'] = to_image(found['boxes'].reshape(-1, 2, 2), warp, self.input_size).reshape(-1, 4)
            per_image.append(found)
        return per_image

    def stack(self, warped: Sequence[np.ndarray]) -> np.ndarray:
        """Return images of the input size as one batch, filled up with black ones to what the model takes."""
        width, height = self.input_size
        batch = np.zeros((self.batch_size or len(warped), 3, height, width), np.uint8)
        for row, image in zip(batch, warped):
            row[:] = (image if self.description['channel_order'] == 'BGR' else image[..., ::-1]).transpose(2, 0, 1)
        return batch


def read_description(metadata: dict[str, str], path: Path) -> dict[str, Any]:
    """Return what the exporter wrote into a model.

    Raises:
        PredictError: if it is not there, or for another version.
    """
    if 'format' not in metadata:
        raise PredictError(f"'{path}' was not written by `dualcenter export`: its metadata lack 'format'")
    description = {key: json.loads(value) for key, value in metadata.items()}
    if description['format'] != FORMAT:
        raise PredictError(
            f"'{path}' has the format {description['format']!r}, this program reads {FORMAT!r}; "
            'use the `dualcenter predict-onnx` of the version that exported it'
        )
    return description


def make_batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    """Yield the paths in groups of at most ``size``."""
    for start in range(0, len(paths), size):
        yield paths[start : start + size]


def image_ids(paths: Sequence[Path]) -> list[int]:
    """Return the number in each file name where all are numbers and no two are the same, else 1, 2, ..."""
    stems = [path.stem for path in paths]
    if all(stem.isascii() and stem.isdigit() for stem in stems) and len({int(stem) for stem in stems}) == len(stems):
        return [int(stem) for stem in stems]
    return list(range(1, len(paths) + 1))


def format_instances(
    instances: dict[str, np.ndarray], path: Path, image_id: int, score_thr: float
) -> list[dict[str, Any]]:
    """Return an image's instances in COCO's form, those below the threshold left out."""
    results = []
    for idx in np.flatnonzero(instances['scores'] >= score_thr):
        pose = np.concatenate([instances['keypoints'][idx], instances['keypoint_scores'][idx, :, None]], axis=1)
        x_min, y_min, x_max, y_max = (float(v) for v in instances['boxes'][idx])
        results.append(
            dict(
                image_id=image_id,
                file_name=path.name,
                category_id=1,
                keypoints=[round(float(v), 4) for v in pose.ravel()],
                score=float(instances['scores'][idx]),
                bbox=[round(v, 4) for v in (x_min, y_min, x_max - x_min, y_max - y_min)],
            )
        )
    return results


def draw_instances(
    image: np.ndarray, results: Iterable[dict[str, Any]], names: Sequence[str], links: Any
) -> np.ndarray:
    """Return the image with instances drawn into it, the best on top.

    Args:
        image: (h, w, 3) BGR uint8.
        results: instances in COCO's form.
        names: K keypoint names.
        links: pairs of keypoint indices.
    """
    drawn = image.copy()
    for result in sorted(results, key=lambda result: float(result['score'])):
        pose = np.asarray(result['keypoints']).reshape(-1, 3)[:, :2]
        thickness = 1 if np.ptp(pose, axis=0).max() < 120 else 2
        ends = [tuple(int(v) for v in np.clip(np.round(point * 8), -(2**20), 2**20)) for point in pose]  # 1/8 px
        for first, second in links:
            cv2.line(
                drawn, ends[first], ends[second], limb_color(names[first], names[second]), thickness, cv2.LINE_AA, 3
            )
        for end in ends:
            cv2.circle(drawn, end, 8 * thickness + 4, (255, 255, 255), -1, cv2.LINE_AA, 3)
    return drawn


def limb_color(first: str, second: str) -> tuple[int, int, int]:
    """Return the colour of a limb between two keypoints."""
    sides = {name.split('_')[0] for name in (first, second)}
    return LEFT if sides == {'left'} else RIGHT if sides == {'right'} else MIDDLE


def write_results(results: list[dict[str, Any]], path: Path) -> None:
    """Write results in one piece."""
    temporary = path.with_name(path.name + '.partial')
    temporary.write_text(json.dumps(results))
    os.replace(temporary, path)


def predict_files(
    model: Model, paths: Sequence[Path], score_thr: float | None, draw: Path | None, batch: int
) -> list[dict[str, Any]]:
    """Return the instances in image files, and write drawings where a folder is given.

    Args:
        model: the model.
        paths: of the images.
        score_thr: lowest score of an instance; with ``None`` all are returned, and those of :data:`DRAWN_SCORE` drawn.
        draw: folder for drawings.
        batch: images at once.
    """
    results = []
    ids = iter(image_ids(paths))
    for group in make_batches(paths, batch):
        images = [read_image(path) for path in group]
        for path, image, instances in zip(group, images, model.predict(images)):
            found = format_instances(instances, path, next(ids), score_thr or 0.0)
            best = f', best score {found[0]["score"]:.3f}' if found else ''
            print(f'{path}: {len(found)} people{best}', flush=True)
            if draw is not None:
                shown = [result for result in found if result['score'] >= (DRAWN_SCORE if score_thr is None else 0)]
                _draw_file(model, image, shown, draw / f'{path.stem}.jpg')
            results += found
    return results


def _draw_file(model: Model, image: np.ndarray, results: list[dict[str, Any]], path: Path) -> None:
    names, links = model.description['keypoint_names'], model.description['skeleton_links']
    written, content = cv2.imencode('.jpg', draw_instances(image, results, names, links))
    if not written:
        raise PredictError(f"could not encode the drawing '{path}'")
    path.write_bytes(content.tobytes())


def predict(
    model: Path,
    images: Sequence[Path],
    *,
    out: Path | None = None,
    draw: Path | None = None,
    score_thr: float | None = None,
    provider: str = 'cpu',
    threads: int | None = None,
    batch: int | None = None,
) -> list[dict[str, Any]]:
    """Return the instances in image files, and write them and drawings where places for these are given.

    Args:
        model: file that `dualcenter export` wrote.
        images: files.
        out: JSON file for the instances.
        draw: folder for drawings.
        score_thr: see :func:`predict_files`.
        provider: key of :data:`PROVIDERS`.
        threads: of ONNX Runtime; its own choice by default.
        batch: images at once; what the model takes by default, else 1.

    Raises:
        PredictError: for a file or a value that cannot be used.
        ImportError: without ONNX Runtime, saying how to install it.
    """
    for option, number in (('--threads', threads), ('--batch', batch)):
        if number is not None and number < 1:
            raise PredictError(f'{option} must be at least 1, got {number}')
    if out is not None and not out.parent.is_dir():
        raise PredictError(f"the folder '{out.parent}' does not exist")
    _check_drawings(images, draw)
    loaded = Model(model, provider, threads)
    if batch and loaded.batch_size and batch > loaded.batch_size:
        raise PredictError(f"'{model}' takes {loaded.batch_size} images at once, got --batch {batch}")
    results = predict_files(loaded, images, score_thr, draw, batch or loaded.batch_size or 1)
    if out is not None:
        write_results(results, out)
    return results


def summarize(results: Sequence[Any], images: Sequence[Path], out: Path | None) -> str:
    """Return a line about what was found."""
    return f'{len(results)} people in {len(images)} images' + (f', written to {out}' if out else '')


def _check_drawings(paths: Sequence[Path], folder: Path | None) -> None:
    """Make the folder of the drawings, where no drawing may hide another or an image.

    Raises:
        PredictError: if one would.
    """
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    names = [folder / f'{path.stem}.jpg' for path in paths]
    if len(set(names)) < len(names):
        raise PredictError('two images have the same name: draw them into two folders')
    inside = [path for path in paths if path.resolve() in {name.resolve() for name in names}]
    if inside:
        raise PredictError(f"the drawing of '{inside[0]}' would take its place: name another folder with --draw")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options, named as the arguments of :func:`predict`."""
    add = parser.add_argument
    thr_help = f'lowest score of a person; default: all in the results, from {DRAWN_SCORE} on in drawings'
    add('model', type=Path, help='model that `dualcenter export` wrote')
    add('images', type=Path, nargs='+', help='image files')
    add('--out', type=Path, help='results to write, JSON')
    add('--draw', type=Path, metavar='DIR', help='folder for drawings')
    add('--score-thr', type=float, help=thr_help)
    add('--provider', choices=list(PROVIDERS), default='cpu', help='where to run')
    add('--threads', type=int, help='threads of ONNX Runtime; its own choice by default')
    add('--batch', type=int, help='images at once; what the model takes by default, else 1')


def main(argv: Sequence[str] | None = None) -> int:
    """Run a copy of this file as a program of its own; return the exit status.

    Args:
        argv: command line without the program's name; that of the process by default.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        results = predict(**vars(arguments))
    except (PredictError, ImportError, OSError) as error:
        print(f'{parser.prog}: error: {error}', file=sys.stderr)
        return 2
    print(summarize(results, arguments.images, arguments.out))
    return 0


if __name__ == '__main__':
    sys.exit(main())
