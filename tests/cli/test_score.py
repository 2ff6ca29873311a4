"""The command: numbers of real results, options, files, and how fast it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dualcenter import main
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


BOX, FAR = (10.0, 10.0, 40.0, 60.0), (120.0, 10.0, 20.0, 20.0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """Return paths of annotations (two people), results (one found, one false) and an output."""
    ann = write_coco(tmp_path, coco_content(person(1, 1, BOX), person(2, 2, BOX, area=9000)))
    rows = [
        {'image_id': 1, 'keypoints': person(0, 1, BOX)['keypoints'], 'score': 7.5},
        {'image_id': 2, 'keypoints': person(0, 2, FAR)['keypoints'], 'score': 3.5},
    ]
    results = tmp_path / 'results.json'
    results.write_text(json.dumps(rows))
    return ann, str(results), str(tmp_path / 'new' / 'out.json')


class TestOutput:
    """What is printed and written."""

    def test_numbers(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """One of two found, at the higher score; the missed one is medium by its area."""
        ann, results, out = files
        assert main(['score', ann, results, '--out', out]) == 0
        written = json.loads(Path(out).read_text())
        assert written['BBR'] == {'All': 50.0, 'S': 100.0, 'M': 0.0, 'L': None}
        assert written['BBP']['All'] == pytest.approx(5100 / 101)
        assert written['num_gt'] == {'All': 2, 'S': 1, 'M': 1, 'L': 0}
        assert written['area_source'] == 'tool'
        assert written['settings']['max_detections'] == 100
        printed = capsys.readouterr().out
        assert 'BBR 50.000 100.000 0.000 -' in ' '.join(printed.split())
        assert 'written: ' in printed

    def test_options(self, files: tuple[str, str, str]) -> None:
        """Each option reaches the evaluation and the record."""
        ann, results, out = files
        assert main(['score', ann, results, '--area-source', 'bbox', '--out', out, '--expand', '9']) == 0
        written = json.loads(Path(out).read_text())
        assert written['num_gt'] == {'All': 2, 'S': 2, 'M': 0, 'L': 0}
        assert written['BBR']['All'] == 0
        assert written['settings']['expand'] == 9

    def test_output_is_replaced(self, files: tuple[str, str, str]) -> None:
        """A second run writes the same file again and leaves nothing else behind."""
        ann, results, out = files
        for _ in range(2):
            assert main(['score', ann, results, '--out', out]) == 0
        assert [path.name for path in Path(out).parent.iterdir()] == ['out.json']

    def test_ceiling(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A second table leaves out people whom nobody labelled."""
        people = [person(1, 1, (0, 0, 20, 20)), person(2, 1, (40, 0, 20, 20), num_labelled=0)]
        ann = write_coco(tmp_path, coco_content(*people))
        out = tmp_path / 'out.json'
        assert main(['score', ann, '--ceiling', '--out', str(out)]) == 0
        content = json.loads(out.read_text())
        assert content['BBR']['All'] == 50
        assert content['labelled_only']['BBR']['All'] == 100
        everybody, labelled = capsys.readouterr().out.split('people with a labelled keypoint alone')
        assert ('50.000' in everybody, '50.000' in labelled) == (True, False)


class TestBadInput:
    """Runs that end with status 2."""

    def refused(self, argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
        """Return the one line printed by a command that ends with status 2."""
        assert main(['score', *argv]) == 2
        captured = capsys.readouterr()
        assert captured.out == ''
        assert captured.err.count('\n') == 1
        assert captured.err.startswith('dualcenter score: error: ')
        return captured.err

    def test_files(self, files: tuple[str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Missing, truncated, swapped, unknown images: one line, nothing written."""
        ann, results, out = files
        broken = tmp_path / 'broken.json'
        broken.write_text(Path(results).read_text()[:50])
        stranger = tmp_path / 'stranger.json'
        stranger.write_text(json.dumps([{'image_id': 99, 'keypoints': [1, 1, 1], 'score': 1}]))
        to_out = ['--out', out]
        assert 'does not exist' in self.refused([ann + 'x', results, *to_out], capsys)
        assert 'truncated' in self.refused([ann, str(broken), *to_out], capsys)
        assert 'not a COCO file' in self.refused([results, ann, *to_out], capsys)
        assert 'row 0: 99' in self.refused([ann, str(stranger), *to_out], capsys)
        assert not (tmp_path / 'new').exists()

    @pytest.mark.parametrize(
        ('extra', 'message'),
        [
            (['--max-detections', '0'], 'max_detections must be at least 1, got 0'),
            (['--iou-thr', '0'], 'iou_thr'),
            (['--expand', '-1'], 'expand must be above -1'),
            (['--ceiling'], 'either RESULTS.json or --ceiling'),
        ],
    )
    def test_values(
        self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str], extra: list[str], message: str
    ) -> None:
        """The message names the value."""
        assert message in self.refused([*files[:2], *extra], capsys)

    def test_neither_results_nor_ceiling(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """Something to score must be named."""
        assert 'either RESULTS.json or --ceiling' in self.refused([files[0]], capsys)

    def test_output_is_never_an_input(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """Results would be lost otherwise."""
        ann, results, _ = files
        assert 'is an input file' in self.refused([ann, results, '--out', results], capsys)

    def test_output_that_cannot_be_written(
        self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A file stands where the folder should be."""
        ann, results, _ = files
        self.refused([ann, results, '--out', f'{ann}/out.json'], capsys)


def test_help_has_an_example() -> None:
    """The help shows complete commands."""
    assert 'dualcenter score ANN.json RESULTS.json' in run('--help').stdout
