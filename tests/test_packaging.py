"""What users install: the wheel's content, the model index, and versions that agree."""

from __future__ import annotations

import collections
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from modelindex.load_model_index import load

from dualcenter_mmpose.version import __version__

ROOT = Path(__file__).parents[1]
SOURCES = 'dualcenter.py dualcenter_mmpose configs tools requirements setup.py pyproject.toml MANIFEST.in'


def copy_sources(folder: Path) -> None:
    """Copy what `pip install .` reads: building leaves traces."""
    for name in [*SOURCES.split(), 'requirements.txt', 'model-index.yml', 'README.md', 'LICENSE', 'CITATION.cff']:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


@pytest.fixture(scope='module')
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of the files in a wheel built from a copy of the sources."""
    folder = tmp_path_factory.mktemp('wheel')
    copy_sources(folder / 'sources')
    # What a module since removed leaves behind in the folder of an earlier build.
    stale = folder / 'sources' / 'build' / 'lib' / 'dualcenter_mmpose' / 'removed.py'
    stale.parent.mkdir(parents=True)
    stale.touch()
    build = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '--no-index']
    subprocess.run([*build, '-w', str(folder), str(folder / 'sources')], check=True, capture_output=True)
    (wheel,) = folder.glob('*.whl')
    with zipfile.ZipFile(wheel) as content:
        return set(content.namelist())


@pytest.mark.slow
class TestWheel:
    """Law: the wheel holds the package as it is, and under `.mim` what mim looks for."""

    def test_every_module(self, wheel_names: set[str]) -> None:
        """Each module of the sources and no other."""
        sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'dualcenter_mmpose').rglob('*.py')}
        modules = {name for name in wheel_names if name.endswith('.py') and '/.mim/' not in name}
        assert modules == {*sources, 'dualcenter.py'}

    def test_every_config(self, wheel_names: set[str]) -> None:
        """Each config and metafile, in the folders of the sources."""
        sources = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / 'configs').rglob('*.*')
            if '__pycache__' not in path.parts
        }
        prefix = 'dualcenter_mmpose/.mim/'
        assert {name[len(prefix) :] for name in wheel_names if name.startswith(f'{prefix}configs/')} == sources

    def test_every_data_file(self, wheel_names: set[str]) -> None:
        """Each file of the package that is not code: tables, lists of ids."""
        files = [path for path in (ROOT / 'dualcenter_mmpose').rglob('*') if path.is_file()]
        sources = {path.relative_to(ROOT).as_posix() for path in files if path.suffix not in ('.py', '.pyc')}
        assert 'dualcenter_mmpose/coco/coco_cc_ids.json' in sources
        package = {name for name in wheel_names if name.startswith('dualcenter_mmpose/') and '/.mim/' not in name}
        assert {name for name in package if not name.endswith('.py')} == sources

    def test_what_mim_looks_for(self, wheel_names: set[str]) -> None:
        """The two tools that mim starts and the index of models; nothing that needs a clone."""
        for name in ('tools/train.py', 'tools/test.py', 'model-index.yml'):
            assert f'dualcenter_mmpose/.mim/{name}' in wheel_names
        assert not [name for name in wheel_names if name.startswith(('dev/', 'benchmarks/', 'tests/'))]


class TestModelIndex:
    """Law: mim reads the index, and what it names is there."""

    def test_parsed_by_mim(self) -> None:
        """Every model has a config that exists and is named after it."""
        models = load(str(ROOT / 'model-index.yml')).models
        assert models
        for model in models:
            assert (ROOT / model.config).is_file(), model.config
            assert Path(model.config).stem == model.name

    def test_imports_exist(self) -> None:
        """Every file that the index imports, in the index and in the sources."""
        index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
        metafiles = {path.relative_to(ROOT).as_posix() for path in ROOT.glob('configs/**/metafile.yml')}
        assert set(index['Import']) == metafiles

    def test_config_names_are_unique(self) -> None:
        """`mim train dualcenter_mmpose NAME.py` refuses a name that two folders have."""
        names = collections.Counter(path.name for path in ROOT.glob('configs/**/*.py') if path.stem != '__init__')
        assert [name for name, count in names.items() if count > 1] == []


class TestVersions:
    """Law: one version, told the same everywhere."""

    def test_citation(self) -> None:
        """The citation names the version of the package."""
        citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
        assert citation['version'] == __version__

    def test_changelog(self) -> None:
        """Its newest part is about the version of the package; older ones follow, each with its date."""
        headings = re.findall(r'^## (.+)$', (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'), re.MULTILINE)
        dated = r'(\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}'
        newest = re.fullmatch(rf'(\d+\.\d+\.\d+) \(unreleased\)|{dated}', headings[0])
        assert newest, headings[0]
        assert (newest[1] or newest[2]) == __version__
        older = [re.fullmatch(dated, heading) for heading in headings[1:]]
        assert all(older), headings
        releases = [tuple(map(int, one.split('.'))) for one in (__version__, *(found[1] for found in older if found))]
        assert releases == sorted(set(releases), reverse=True)

    def test_release_number(self) -> None:
        """Three numbers, as pip and mim compare them."""
        assert re.fullmatch(r'\d+\.\d+\.\d+', __version__)

    def test_stated_once(self) -> None:
        """What builds the package reads the number and has none of its own, nor has the index of models."""
        for name in ('setup.py', 'pyproject.toml', 'model-index.yml', 'dualcenter.py'):
            assert not re.search(r'version\w*\s*[=:]\s*[\'"]?\d+\.\d+\.\d+', (ROOT / name).read_text()), name


class TestRequirements:
    """Law: `pip install .` leaves an environment with a working MMPose as it is."""

    def test_openmmlab_not_named(self) -> None:
        """Naming one makes pip follow what it declares: chumpy, another opencv, a newer numpy."""
        named = read_names('requirements.txt')
        assert named
        assert not named & {'mmpose', 'mmcv', 'mmengine', 'mmdet', 'opencv-python', 'openmim'}

    def test_pinned_stack_fits(self) -> None:
        """Everything named is part of the pinned stack."""
        assert read_names('requirements.txt') <= read_names('requirements/pinned.txt')


def read_names(name: str) -> set[str]:
    """Return the distributions that a requirements file names."""
    lines = (ROOT / name).read_text(encoding='utf-8').splitlines()
    return {re.split(r'[<>=!~ ]', line)[0] for line in lines if line and not line.startswith('#')}
