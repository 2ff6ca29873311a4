from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dualcenter_mmpose.evaluation.box_types import PAPER_SUBSETS
from dualcenter_mmpose.evaluation.coco_boxes import ground_truth_boxes, predicted_boxes
from tests.reference.bbp_bbr import pycocotools_numbers
from tests.reference.coco_files import coco_content, person, write_coco

ROOT = Path(__file__).resolve().parents[2]
TOOL = (str(ROOT / 'dualcenter.py'), 'score')
FILES = ('ax642511_detections.json', 'GreenPose_detections.json')


def run(*arguments: object, tool: tuple[str, ...] = TOOL, check: bool = True) -> subprocess.CompletedProcess:
    """Run the tool as users do, away from the source tree."""
    command = [sys.executable, *tool, *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    return subprocess.run(command, capture_output=True, text=True, check=check, env=environment, cwd='/', timeout=60)


class TestRealResults:
    """Predictions of two public models."""

    @pytest.mark.parametrize('area_source', ['tool', 'bbox'])
    @pytest.mark.parametrize('name', FILES)
    def test_equals_pycocotools(self, name: str, area_source: str, keypoint_results: Path, tmp_path: Path) -> None:
        """BBP, BBR and subset counts of real predictions equal COCOeval's to 1e-6 percent."""
        annotations = json.loads((keypoint_results / 'val_subset_250.json').read_text())
        results = json.loads((keypoint_results / name).read_text())
        theirs = pycocotools_numbers(
            ground_truth_boxes(annotations['annotations'], area_source),
            predicted_boxes(results),
            [(np.nextafter(s.above, np.inf), s.up_to) for s in PAPER_SUBSETS],
            [image['id'] for image in annotations['images']],
        )
        out = tmp_path / 'out.json'
        run(keypoint_results / 'val_subset_250.json', keypoint_results / name, '--area-source', area_source,
            '--out', out)  # fmt: skip
        written = json.loads(out.read_text())
        for subset, numbers in zip(PAPER_SUBSETS, theirs):
            ours = [written[key][subset.name] for key in ('BBP', 'BBR', 'num_gt')]
            expected = (100 * numbers.bbp, 100 * numbers.bbr, numbers.num_gt)
            np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6, err_msg=subset.name)

    def test_known_values(self, keypoint_results: Path, tmp_path: Path) -> None:
        """The values that stand beside the files."""
        out = tmp_path / 'out.json'
        run(keypoint_results / 'val_subset_250.json', keypoint_results / FILES[0], '--area-source', 'bbox',
            '--out', out)  # fmt: skip
        written = json.loads(out.read_text())
        bbr, bbp = list(written['BBR'].values()), list(written['BBP'].values())
        np.testing.assert_allclose(bbr, [20.949, 4.587, 36.567, 30.519], rtol=0, atol=5e-4)
        np.testing.assert_allclose(bbp, [16.841, 2.029, 27.770, 28.505], rtol=0, atol=5e-4)

    def test_ceiling_bounds_both_methods(self, keypoint_results: Path, tmp_path: Path) -> None:
        """No method's tight boxes can beat those of the labelled keypoints among labelled people.

        Recall of people with keypoints is bounded, so the ceiling lies above both results here.
        """
        recalls = []
        for arguments in (['--ceiling'], *([keypoint_results / name] for name in FILES)):
            out = tmp_path / 'out.json'
            run(keypoint_results / 'val_subset_250.json', *arguments, '--out', out)
            recalls.append(json.loads(out.read_text())['BBR']['All'])
        assert recalls[0] > max(recalls[1:])


class TestStart:
    """How the tool starts."""

    def test_needs_neither_torch_nor_mmpose(self, tmp_path: Path) -> None:
        """The tool imports no slow package, which is what makes it start at once."""
        ann = write_coco(tmp_path, coco_content(person(1, 1, (0, 0, 9, 9))))
        code = (
            'import runpy, sys\n'
            f'sys.argv = ["dualcenter", "score", {ann!r}, "--ceiling"]\n'
            'try:\n'
            f'    runpy.run_path({TOOL[0]!r}, run_name="__main__")\n'
            'except SystemExit as stop:\n'
            '    assert stop.code == 0, stop.code\n'
            'slow = {"torch", "mmpose", "mmengine", "mmcv", "scipy", "cv2", "matplotlib"}\n'
            'print("slow imports:", sorted(slow & set(sys.modules)))\n'
        )
        done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True, cwd=ROOT)
        assert 'slow imports: []' in done.stdout

    def test_help_has_an_example(self) -> None:
        """The help shows complete commands."""
        assert 'dualcenter score ANN.json RESULTS.json' in run('--help').stdout


class TestBadInput:
    """Runs that end with status 2."""

    def test_one_line_and_status_2(self, tmp_path: Path) -> None:
        """A missing file ends in one line, without a traceback."""
        done = run(tmp_path / 'none.json', '--ceiling', check=False)
        assert done.returncode == 2
        assert done.stderr.count('\n') == 1
        assert 'none.json' in done.stderr

    def test_neither_results_nor_ceiling(self, tmp_path: Path) -> None:
        """Something to score must be named."""
        assert run(tmp_path / 'none.json', check=False).returncode == 2
