"""The plan of the set-up: what is installed, and when a step is due again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from setup_support import plan

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project folder with the real requirements and one module."""
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    (tmp_path / 'dualcenter_mmpose').mkdir()
    (tmp_path / 'dualcenter_mmpose' / '__init__.py').write_text('', encoding='utf-8')
    return tmp_path


def changed_steps(root: Path, file: str, old: str, new: str) -> list[str]:
    """Return the names of the steps whose fingerprint follows a change in one file."""
    before = plan.plan_steps(root, root / '.venv')
    path = root / file
    text = path.read_text(encoding='utf-8')
    assert old in text
    path.write_text(text.replace(old, new), encoding='utf-8')
    after = plan.plan_steps(root, root / '.venv')
    return [b.name for b, a in zip(before, after) if b.fingerprint != a.fingerprint]


class TestReadPins:
    """Law: every line is a pin, a comment or empty."""

    def test_empty(self, tmp_path: Path) -> None:
        """A file of comments pins nothing."""
        path = tmp_path / 'pins.txt'
        path.write_text('# nothing\n\n', encoding='utf-8')
        assert plan.read_pins(path) == {}

    def test_names_in_lower_case(self, tmp_path: Path) -> None:
        """Names are compared without case, as pip does; trailing comments do not count."""
        path = tmp_path / 'pins.txt'
        path.write_text('PyYAML==6.0.3  # for mmengine\nnumpy==1.26.4\n', encoding='utf-8')
        assert plan.read_pins(path) == {'pyyaml': '6.0.3', 'numpy': '1.26.4'}

    @pytest.mark.parametrize('line', ['numpy', 'numpy>=1.21', 'numpy==', '==1.0', '-r other.txt'])
    def test_anything_else_is_refused(self, tmp_path: Path, line: str) -> None:
        """The message names the file, the line number and what stands there."""
        path = tmp_path / 'pins.txt'
        path.write_text(f'six==1.17.0\n{line}\n', encoding='utf-8')
        with pytest.raises(ValueError, match=r'pins\.txt:2: .*NAME==VERSION'):
            plan.read_pins(path)


class TestPlanSteps:
    """Law: a step is due again exactly when something it depends on has changed."""

    def test_order(self, root: Path) -> None:
        """Torch stands before mmcv, which compiles against it, and the package comes last."""
        names = [step.name for step in plan.plan_steps(root, root / '.venv')]
        assert names[0] == 'venv'
        assert names.index('build-tools') < names.index('torch') < names.index('mmcv')
        assert names.index('libraries') < names.index('imports')
        assert names[-1] == 'package'

    def test_same_again(self, root: Path) -> None:
        """Nothing changed, nothing due."""
        assert plan.plan_steps(root, root / '.venv') == plan.plan_steps(root, root / '.venv')

    @pytest.mark.parametrize(
        ('file', 'old', 'new', 'expected'),
        [
            ('requirements/dev.txt', 'ruff==', 'ruff==0', ['dev-tools', 'package']),
            ('requirements/export.txt', 'onnx==', 'onnx==0', ['export-tools', 'package']),
            ('requirements/light.txt', 'timm==', 'timm==0', ['light-backbone', 'package']),
            (
                'requirements/pinned.txt',
                'tabulate==',
                'tabulate==0',
                ['torch', 'libraries', 'dev-tools', 'export-tools', 'imports', 'package'],
            ),
            (
                'requirements/pinned.txt',
                'mmcv==2.1.0',
                'mmcv==2.1.1',
                ['torch', 'libraries', 'mmcv', 'dev-tools', 'export-tools', 'imports', 'package'],
            ),
        ],
    )
    def test_follows_its_pins(self, root: Path, file: str, old: str, new: str, expected: list[str]) -> None:
        """A pin of a library or a developer tool compiles mmcv no second time; its own pin does."""
        assert changed_steps(root, file, old, new) == expected

    def test_torch_compiles_mmcv_again(self, root: Path) -> None:
        """A new torch makes the compiled operators worthless."""
        due = changed_steps(root, 'requirements/pinned.txt', 'torch==2.11.0', 'torch==2.11.1')
        assert {'torch', 'mmcv', 'openmmlab'} <= set(due)

    def test_source_installs_the_package_alone(self, root: Path) -> None:
        """A change of the package's code leaves the rest as it is."""
        path = root / 'dualcenter_mmpose' / '__init__.py'
        before = plan.plan_steps(root, root / '.venv')
        path.write_text('CHANGED = True\n', encoding='utf-8')
        after = plan.plan_steps(root, root / '.venv')
        assert [b.name for b, a in zip(before, after) if b != a] == ['package']

    def test_another_folder_starts_anew(self, root: Path) -> None:
        """Scripts in an environment hold its path: moved, it is made again from the start."""
        here = plan.plan_steps(root, root / '.venv')
        there = plan.plan_steps(root, root / 'elsewhere')
        assert all(h.fingerprint != t.fingerprint for h, t in zip(here, there))

    def test_every_library_is_pinned(self) -> None:
        """What is installed by name has its version in requirements/pinned.txt."""
        pins = plan.read_pins(ROOT / 'requirements' / 'pinned.txt')
        assert set(plan.LIBRARIES) | set(plan.OPENMMLAB) <= set(pins)
        assert 'opencv-python' not in pins, 'one opencv only: two write the same files'

    def test_no_package_has_two_pins(self) -> None:
        """What the tools and the light backbone bring is not also pinned elsewhere, where it could differ."""
        kinds = ('pinned', 'dev', 'export', 'light')
        files = [plan.read_pins(ROOT / 'requirements' / f'{kind}.txt') for kind in kinds]
        names = [name.replace('_', '-') for pins in files for name in pins]
        assert sorted(names) == sorted(set(names))


class TestExact:
    """Law: a name without a pin is an error, not a free choice of pip's."""

    def test_pinned(self) -> None:
        """The order of the names is kept."""
        assert plan.exact({'a': '1', 'b': '2'}, ['b', 'a']) == ['b==2', 'a==1']

    def test_missing(self) -> None:
        """All missing names are told at once."""
        with pytest.raises(KeyError, match=r'b, c'):
            plan.exact({'a': '1'}, ['a', 'b', 'c'])


class TestStagePackage:
    """Law: the copy holds what pip reads, and nothing that was there before."""

    def test_copy(self, root: Path, tmp_path: Path) -> None:
        """Caches stay behind, and a file of an earlier copy is gone."""
        cache = root / 'dualcenter_mmpose' / '__pycache__'
        cache.mkdir()
        (cache / 'a.pyc').touch()
        (root / 'notes.txt').touch()
        target = tmp_path / 'copy'
        target.mkdir()
        (target / 'stale.py').touch()
        plan.stage_package(root, target)
        copied = {path.relative_to(target).as_posix() for path in target.rglob('*.*')}
        assert 'dualcenter_mmpose/__init__.py' in copied
        assert not copied & {'stale.py', 'notes.txt', 'dualcenter_mmpose/__pycache__/a.pyc'}
