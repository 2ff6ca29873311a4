"""The demo's own logic: its folder, its steps, its table."""

import sys

import pytest

from dev import demo


class TestFolder:
    """prepare_folder."""

    def test_runs_are_numbered(self, tmp_path):
        """A second demo keeps the first one's results."""
        out = tmp_path / 'demo'
        assert [demo.prepare_folder(out).name for _ in range(2)] == ['run-1', 'run-2']

    def test_foreign_folder(self, tmp_path):
        """A folder with something else in it is refused and left alone."""
        (tmp_path / 'thesis.tex').touch()
        with pytest.raises(demo.DemoError, match='not a folder of this demo'):
            demo.prepare_folder(tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == ['thesis.tex']

    def test_empty_folder(self, tmp_path):
        """An empty folder is taken."""
        assert demo.prepare_folder(tmp_path).is_dir()


class TestRunStep:
    """run_step."""

    def test_failure_names_the_log(self, tmp_path):
        """A step that fails says which, with its last line and the place of the whole log."""
        log = tmp_path / 'step.log'
        with pytest.raises(demo.DemoError, match='baking failed with status 3: no flour'):
            demo.run_step('baking', [sys.executable, '-c', "print('no flour'); raise SystemExit(3)"], log, {})
        assert log.read_text().strip() == 'no flour'

    def test_last_line_of_a_progress_bar(self, tmp_path):
        """Carriage returns count as line ends."""
        log = tmp_path / 'bar.log'
        log.write_text('10%\r20%\r30%')
        assert demo.last_line(log) == '30%'


def test_table():
    """Values are percent; a subset without people, which metrics give as -1, is a dash."""
    metrics = {'coco/AP': 0.5, 'coco/AP (M)': 0.25, 'bbox/BBP': 0.125, 'bbox/BBP (S)': -1, 'bbox/BBR (L, bbox)': 1.0}
    lines = demo.format_table(metrics).splitlines()
    assert lines[1].split() == ['AP', '(keypoints)', '50.0', '-', '25.0', '-']
    assert lines[2].split()[-4:] == ['12.5', '-', '-', '-']
    assert lines[5].split()[-1] == '100.0'
