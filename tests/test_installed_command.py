"""The command after `pip install` of the wheel, in an environment of its own, away from the sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

import pytest

import dualcenter
from tests.reference.coco_files import coco_content, person, write_coco

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ('dualcenter.py', 'dualcenter_mmpose', 'configs', 'tools', 'requirements', 'requirements.txt', 'setup.py')
SOURCES += ('pyproject.toml', 'README.md', 'LICENSE', 'MANIFEST.in', 'model-index.yml', 'dev', 'benchmarks')
NOT_SHIPPED = ('dev', 'benchmarks', 'tests', 'setup', 'setup.py', 'setup_env.py', 'setup_support')
SMALL = 'dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'
PIP = (sys.executable, '-m', 'pip', '--disable-pip-version-check', '-q')

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run a command without what the environment says of where Python looks, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}
    words = list(map(str, command))
    return subprocess.run(words, capture_output=True, text=True, cwd=cwd, env=environment, check=False, timeout=300)


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> Path:
    """A wheel built from a copy of the sources, with nothing downloaded."""
    folder = tmp_path_factory.mktemp('wheel')
    (folder / 'sources').mkdir()
    for path in filter(Path.exists, (ROOT / name for name in SOURCES)):
        if path.is_dir():
            copytree(path, folder / 'sources' / path.name, ignore=ignore_patterns('__pycache__', '*.egg-info'))
        else:
            copy2(path, folder / 'sources' / path.name)
    options = ('--no-deps', '--no-build-isolation', '--no-index')
    done = run(*PIP, 'wheel', *options, '-w', folder, folder / 'sources', cwd=folder)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob('*.whl')
    return found


@pytest.fixture(scope='module')
def scripts(wheel, tmp_path_factory) -> Path:
    """The folder of the commands of an environment that has the wheel, and the other packages from this one."""
    folder = tmp_path_factory.mktemp('environment')
    venv.create(folder, symlinks=True, with_pip=False)
    done = run(*PIP, '--python', folder / 'bin' / 'python', 'install', '--no-deps', '--no-index', wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    (own,) = folder.glob('lib/python*/site-packages')
    # A .pth file comes after the environment's own packages: a copy installed here does not hide the wheel's.
    (own / 'others.pth').write_text(sysconfig.get_path('purelib') + '\n')
    return folder / 'bin'


@pytest.fixture
def command(scripts, tmp_path):
    """Return a function that runs the command in an empty folder and checks its status."""
    folder = tmp_path / 'empty'
    folder.mkdir()

    def command(*argv, status=0):
        done = run(scripts / 'dualcenter', *argv, cwd=folder)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return command


def test_not_shipped(wheel):
    """Of the sources only the package and the command, with the data that they read."""
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    top = {name.split('/')[0] for name in names}
    assert {name for name in top if not name.endswith('.dist-info')} == {'dualcenter.py', 'dualcenter_mmpose'}
    assert [name for name in names if set(name.split('/')) & set(NOT_SHIPPED)] == []
    assert 'dualcenter_mmpose/experiments/comparison/paper_numbers.yaml' in names
    assert 'dualcenter_mmpose/.mim/tools/train.py' in names


def test_comes_from_the_wheel(scripts, tmp_path):
    """Package and command are the environment's own; tables and configs are found there; every `--help` is printed."""
    code = """
import contextlib, io, json, dualcenter
texts = {}
for name in dualcenter.COMMANDS:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        texts[name] = [dualcenter.main([name, '--help'])]
    texts[name].append(text.getvalue())
import dualcenter_mmpose
from dualcenter_mmpose.experiments.comparison.paper import paper_rows
from dualcenter_mmpose.utils.locations import configs_folder, source_tree
places = [dualcenter.__file__, dualcenter_mmpose.__file__, str(configs_folder())]
print(json.dumps([places, str(source_tree()), len(paper_rows('coco')), texts]))
"""
    done = run(scripts / 'python', '-c', code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    places, tree, num_rows, texts = json.loads(done.stdout.splitlines()[-1])
    assert [place for place in places if not Path(place).is_relative_to(scripts.parent)] == []
    assert tree == 'None'
    assert num_rows > 3
    assert sorted(texts) == sorted(dualcenter.COMMANDS)
    for name, (status, text) in texts.items():
        assert status == 0
        assert text.startswith(f'usage: dualcenter {name} ')
        assert f'dualcenter {name} ' in text[text.index('example') :]


def test_list_of_commands(command):
    """The script itself."""
    printed = command('--help').stdout
    assert all(f'  {name} ' in printed for name in dualcenter.COMMANDS)
    assert 'did you mean score' in command('scor', status=2).stderr


def test_score(command, tmp_path):
    """One of two people is found."""
    ann = write_coco(tmp_path, coco_content(person(1, 1, (10, 10, 40, 60)), person(2, 2, (10, 10, 40, 60))))
    row = dict(image_id=1, category_id=1, keypoints=person(1, 1, (10, 10, 40, 60))['keypoints'], score=0.5)
    (tmp_path / 'results.json').write_text(json.dumps([row]))
    command('score', ann, tmp_path / 'results.json', '--out', tmp_path / 'out.json')
    assert json.loads((tmp_path / 'out.json').read_text())['BBR']['All'] == 50


def test_synthesize(command, tmp_path):
    """Two images, by worker processes."""
    printed = command('synthesize', tmp_path / 'set', '--images', 2, '--size', 96, '--workers', 2).stdout
    assert '2 images in' in printed
    assert len(list((tmp_path / 'set' / 'images').iterdir())) == 2


def test_shipped_configs(command, scripts, tmp_path):
    """A config of the wheel is reduced by others of the wheel."""
    (config,) = scripts.parent.glob(f'lib/python*/site-packages/dualcenter_mmpose/.mim/configs/**/{SMALL}')
    command('reduce-config', config, '--out', tmp_path / 'reduced.py')
    assert 'DualCenterHead' in (tmp_path / 'reduced.py').read_text()
