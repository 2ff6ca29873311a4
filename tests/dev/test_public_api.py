"""What configs of users name stays, unless somebody says that it goes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest

from dev import public_api as tool
from dualcenter_mmpose.datasets import CheckedCocoDataset

ROOT = Path(__file__).resolve().parents[2]
A = dict(registry='mmpose.registry.MODELS', arguments=['width', 'depth='])


def run(*words: object) -> subprocess.CompletedProcess:
    """Run the command in a process in which no test has registered anything."""
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', 'dev.public_api', *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


class TestCommand:
    """The file against the code."""

    def test_file_is_up_to_date(self) -> None:
        """Every registered name with its registry and arguments, and no other."""
        done = run()
        assert done.returncode == 0, f'\n{done.stdout}{done.stderr[-2000:]}'

    def test_tells_what_to_do(self, tmp_path: Path) -> None:
        """A name gone, one added, one without an argument: each is told, with the way out."""
        path = tmp_path / 'api.json'
        written = json.loads(tool.API_FILE.read_text())
        gone = written.pop('stack_collate')
        written['BBPBBRMetric']['arguments'].append('more=')
        path.write_text(json.dumps({**written, 'OldName': gone}))
        done = run('--file', path)
        assert done.returncode == 1
        for told in ('OldName: in the file, not', 'stack_collate: registered, not', 'BBPBBRMetric: arguments'):
            assert told in done.stdout
        assert 'CHANGELOG.md' in done.stdout
        assert 'dev.public_api --write' in done.stdout


class TestFindDifferences:
    """A line for each name that is not alike."""

    def test_none(self) -> None:
        """Alike, in any order."""
        assert tool.find_differences({'A': A, 'B': A}, {'B': A, 'A': A}) == []

    @pytest.mark.parametrize(
        'other', [dict(A, registry='mmpose.registry.HOOKS'), dict(A, arguments=['depth=', 'width'])]
    )
    def test_changed(self, other: dict[str, object]) -> None:
        """Another registry; the same arguments in another order, which breaks whoever gives them by place."""
        (line,) = tool.find_differences({'A': other}, {'A': A})
        assert line.startswith('A: ')


class TestDescribeArguments:
    """Names, in order, and whether they have a default."""

    def test_own(self) -> None:
        """Of a constructor and of a function: by place, by name only, and the rest."""

        class Part:
            def __init__(self, one, two=None, *, three, four=4, **rest): ...

        Part.__module__ = f'{tool.PACKAGE}.somewhere'
        expected = ['one', 'two=', '*', 'three', 'four=', '**rest']
        assert tool.describe_arguments(Part) == expected
        assert tool.describe_arguments(lambda one, two=None, *, three, four=4, **rest: None) == expected
        assert tool.describe_arguments(lambda *all_of_them, three: None) == ['*all_of_them', 'three']

    def test_inherited(self) -> None:
        """From a class of this package: its arguments; from another project: that class; from none: nothing."""
        assert 'keep_empty=' in tool.describe_arguments(type('Heir', (CheckedCocoDataset,), {}))
        assert tool.describe_arguments(type('Other', (OrderedDict,), {})) == 'of collections.OrderedDict'
        assert tool.describe_arguments(type('Bare', (), {})) == []


def test_file_names_each_kind() -> None:
    """Parts of eight registries of MMPose and MMEngine are found: none of them is overlooked as a whole."""
    registries = {entry['registry'] for entry in json.loads(tool.API_FILE.read_text()).values()}
    kinds = ('DATASETS', 'HOOKS', 'KEYPOINT_CODECS', 'METRICS', 'MODELS', 'TRANSFORMS')
    assert {f'mmpose.registry.{kind}' for kind in kinds} <= registries
    assert {'mmengine.registry.FUNCTIONS', 'mmengine.registry.MODEL_WRAPPERS'} <= registries
