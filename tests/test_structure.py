"""The shape of the package: who may import whom, a test beside every module, and a map that is complete."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dualcenter_mmpose

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'dualcenter_mmpose'
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob('*.py') if path.name != '__init__.py')
HOST = ('mmengine', 'mmcv', 'mmpose', 'mmdet')

SHELLS = {
    # Registered classes, and what they need of the host; everything else must work without it.
    'baselines/associative_embedding.py',
    'baselines/higherhrnet_head.py',
    'baselines/layers.py',
    'baselines/swahr_head.py',
    'utils/checkpoints.py',
    'utils/config_files.py',
    'codecs/dual_center_pose_grouping.py',
    'keypoints/metainfo.py',
    'datasets/batching.py',
    'datasets/checked_datasets.py',
    'datasets/empty_safe_affine.py',
    'datasets/fast_packing.py',
    'deployment/description.py',
    'engine/channels_last_hook.py',
    'engine/compile_backbone_hook.py',
    'engine/time_budget_hook.py',
    'evaluation/bbp_bbr_metric.py',
    'models/backbones/efficientnet_lite.py',
    'models/heads/bottom_up_head.py',
    'models/heads/dual_center_head.py',
    'models/layers/branches.py',
    'models/loading.py',
    'models/losses/smooth_l1.py',
    'models/pose_estimators/distributed.py',
    'models/pose_estimators/multi_scale_training.py',
    'models/pose_estimators/sequential_step.py',
    'models/pose_nets/confidence.py',
    'models/pose_nets/pose_level.py',
    'models/pose_nets/refinement.py',
    'models/pose_nets/similarity.py',
}

WITHOUT_TEST = {
    'version.py',  # a constant
    'types.py',  # plain records
    'evaluation/box_types.py',  # likewise
}


def imports_of(module: Path) -> set[str]:
    """Return the dotted names that a module imports when it is imported itself."""
    tree = ast.parse((PACKAGE / module).read_text())
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = (
                ['dualcenter_mmpose', *module.parent.parts][: len(module.parts) + 1 - node.level] if node.level else []
            )
            names.add('.'.join([*above, *filter(None, [node.module])]))
    return names


@pytest.mark.parametrize('module', MODULES, ids=str)
def test_core_does_without_the_host(module):
    """Only the shells import OpenMMLab, and what runs trainings."""
    if module.parts[0] in ('cli', 'experiments'):
        return
    host = {name for name in imports_of(module) if name.split('.')[0] in HOST}
    assert bool(host) == (str(module) in SHELLS), host


def test_arrows_point_one_way():
    """The layers of pyproject.toml hold, imports inside functions included; `make lint` asks the same."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name('lint-imports'))], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


PACKAGES = sorted({path.parent for path in PACKAGE.rglob('*.py')} - {PACKAGE})


@pytest.mark.parametrize('folder', PACKAGES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_package_maps_its_modules(folder):
    """The docstring of a package names each of its modules and packages."""
    text = ast.get_docstring(ast.parse((folder / '__init__.py').read_text())) or ''
    parts = [path for path in folder.iterdir() if path.suffix == '.py' or (path / '__init__.py').is_file()]
    missing = [path.stem for path in parts if path.stem != '__init__' and not re.search(rf'\b{path.stem}\b', text)]
    assert not missing


@pytest.mark.parametrize('word', ['sys.path.insert', 'sys.path.append', 'PYTHONPATH', 'parents[2]'])
def test_nothing_shipped_edits_paths(word):
    """Code finds its parts by import, and files by `utils.locations`."""
    texts = [ROOT / 'dualcenter.py', *PACKAGE.rglob('*.py'), *(ROOT / 'tools').rglob('*.py')]
    assert not [str(path.relative_to(ROOT)) for path in texts if word in path.read_text()]


@pytest.mark.parametrize('module', [m for m in MODULES if str(m) not in WITHOUT_TEST], ids=str)
def test_every_module_has_a_test(module):
    """The tests mirror the package: a/b.py is tested by tests/a/test_b.py."""
    assert (ROOT / 'tests' / module.parent / f'test_{module.name}').is_file()


@pytest.mark.parametrize('module', MODULES, ids=str)
def test_command_lines_stay_in_cli(module):
    """Everything else takes values; the ONNX runner is a program of its own as well, which can be copied out."""
    if module.parts[0] == 'cli' or str(module) == 'deployment/onnx_runner.py':
        return
    assert 'argparse' not in imports_of(module)


@pytest.mark.parametrize('module', MODULES, ids=str)
def test_length(module):
    """No file outgrows one idea."""
    assert len((PACKAGE / module).read_text().splitlines()) <= 400


def registered_classes() -> set[str]:
    """Return the names of all classes below a ``register_module`` decorator."""
    names = set()
    for module in MODULES:
        for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
            if isinstance(node, ast.ClassDef) and any('register_module' in ast.dump(d) for d in node.decorator_list):
                names.add(node.name)
    return names


def test_package_map_names_every_registered_class():
    """The package's docstring lists all that a config can use."""
    named = set(re.findall(r'``(\w+)``', dualcenter_mmpose.__doc__))
    assert registered_classes() <= named
    assert len(registered_classes()) >= 13


def test_package_map_names_modules_that_exist():
    """Every module in the map can be found."""
    for name in re.findall(r':mod:`([\w.]+)`', dualcenter_mmpose.__doc__):
        path = ROOT / name.replace('.', '/')
        assert path.with_suffix('.py').is_file() or (path / '__init__.py').is_file(), name


def test_no_paths_outside_the_project():
    """Whatever lies beside somebody's clone, or above the current folder, no file relies on it."""
    pattern = re.compile(r"""\.\./shared|['"]shared['"]|\$\w+:\.\./""")
    folders = ('.github', 'benchmarks', 'configs', 'dev', 'docs', 'dualcenter_mmpose', 'tests', 'tools')
    files = [*ROOT.glob('*.*'), *(path for folder in folders for path in (ROOT / folder).rglob('*.*'))]
    texts = [path for path in files if path.suffix in ('.md', '.py', '.toml', '.yaml', '.yml')]
    assert len(texts) > 300
    assert not [str(path.relative_to(ROOT)) for path in texts if pattern.search(path.read_text(encoding='utf-8'))]


def test_no_paths_of_a_machine():
    """Neither code nor documents hold a path of somebody's machine."""
    pattern = re.compile(r'(?<![\w.])/(?:home|root|Users|work)/\w')
    texts = [p for d in ('dualcenter_mmpose', 'configs', 'tools', 'tests') for p in (ROOT / d).rglob('*.py')]
    assert not [str(path) for path in texts if pattern.search(path.read_text())]
