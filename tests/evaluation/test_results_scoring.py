from __future__ import annotations

import json
from pathlib import Path

import pytest

from dualcenter_mmpose.evaluation.results_scoring import main
from tests.reference.coco_files import coco_content, person, write_coco

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


class TestMain:
    """Runs that end well."""

    def test_numbers(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """One of two found, at the higher score; the missed one is medium by its area."""
        ann, results, out = files
        assert main([ann, results, '--out', out]) == 0
        written = json.loads(Path(out).read_text())
        assert written['BBR'] == {'All': 50.0, 'S': 100.0, 'M': 0.0, 'L': None}
        assert written['BBP']['All'] == pytest.approx(5100 / 101)
        assert written['num_gt'] == {'All': 2, 'S': 1, 'M': 1, 'L': 0}
        assert written['area_source'] == 'tool'
        assert written['settings']['max_detections'] == 100
        printed = capsys.readouterr().out
        assert 'BBR 50.000 100.000 0.000 -' in ' '.join(printed.split())
        assert 'written: ' in printed

    def test_area_source(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """By box area both people are small."""
        ann, results, out = files
        assert main([ann, results, '--area-source', 'bbox', '--out', out]) == 0
        assert json.loads(Path(out).read_text())['num_gt'] == {'All': 2, 'S': 2, 'M': 0, 'L': 0}

    def test_output_is_replaced(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """A second run writes the same file again and leaves nothing else behind."""
        ann, results, out = files
        for _ in range(2):
            assert main([ann, results, '--out', out]) == 0
        assert [path.name for path in Path(out).parent.iterdir()] == ['out.json']

    def test_ceiling(self, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """Labelled keypoints that fill their boxes reach 100 percent."""
        assert main([files[0], '--ceiling']) == 0
        assert 'BBR 100.000 100.000 100.000 -' in ' '.join(capsys.readouterr().out.split())

    def test_ceiling_of_labelled(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A second table leaves out people whom nobody labelled."""
        ann = write_coco(
            tmp_path,
            coco_content(
                person(1, 1, (0, 0, 20, 20)),
                person(2, 1, (40, 0, 20, 20), num_labelled=0),
                person(3, 1, (0, 40, 50, 50), num_labelled=0, iscrowd=1),
            ),
        )
        out = tmp_path / 'out.json'
        assert main([ann, '--ceiling', '--out', str(out)]) == 0
        content = json.loads(out.read_text())
        assert content['BBR']['All'] == 50
        assert content['labelled_only']['BBR']['All'] == 100
        assert content['labelled_only']['num_gt']['All'] == 1
        everybody, labelled = capsys.readouterr().out.split('people with a labelled keypoint alone')
        assert ('50.000' in everybody, '50.000' in labelled) == (True, False)

    def test_other_categories_are_left_out(
        self, files: tuple[str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Rows of a known category that is not the person's take no part."""
        ann, results, out = files
        content = json.loads(Path(ann).read_text())
        content['categories'].append({'id': 2, 'name': 'dog'})
        rows = json.loads(Path(results).read_text())
        rows[1]['category_id'] = 2
        Path(ann).write_text(json.dumps(content))
        Path(results).write_text(json.dumps(rows))
        assert main([ann, results, '--out', out]) == 0
        assert json.loads(Path(out).read_text())['num_predictions']['All'] == 1


class TestBadInput:
    """Runs that end with status 2."""

    def refused(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
        """Return the one line printed by a command that ends with status 2."""
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ''
        assert captured.err.count('\n') == 1
        assert captured.err.startswith('score_results.py: error: ')
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
            (['--max-detections', '0'], '--max-detections'),
            (['--iou-thr', '0'], 'iou_thr'),
            (['--expand', '-1'], '--expand'),
            (['--ceiling'], 'either RESULTS.json or --ceiling'),
        ],
    )
    def test_arguments(
        self,
        files: tuple[str, str, str],
        capsys: pytest.CaptureFixture[str],
        extra: list[str],
        message: str,
    ) -> None:
        """The message names the argument."""
        assert message in self.refused([*files[:2], *extra], capsys)

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
