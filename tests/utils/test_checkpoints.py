"""Checkpoints of mmengine's runner load with `weights_only=True`, and forged ones do not."""

from __future__ import annotations

import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler import OneCycleLR
from mmengine.runner import Runner
from torch.utils.data import Dataset

from dualcenter_mmpose.utils import checkpoints

needs_registration = pytest.mark.skipif(
    not checkpoints.needs_safe_globals(torch.__version__),
    reason='this torch loads anything by default',
)


class TwoPoints(Dataset):
    """Two samples and the kinds of metainfo that pose datasets carry."""

    metainfo = {  # noqa: RUF012, mmengine reads it as a plain attribute
        'dataset_name': 'two points',
        'sigmas': np.array([0.1, 0.2], dtype=np.float32),
        'joint_colors': np.zeros((2, 3), dtype=np.uint8),
        'names': np.array(['nose', 'neck']),
        'visible': np.array([True, False]),
        'skeleton_links': [(0, 1)],
    }

    def __len__(self) -> int:
        """Return 2."""
        return 2

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        """Return a sample of one number."""
        return {'samples': torch.ones(1)}


class Line(BaseModel):
    """One weight."""

    def __init__(self) -> None:
        """Make the weight."""
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, samples: torch.Tensor, mode: str) -> dict[str, torch.Tensor]:
        """Return the loss."""
        return {'loss': (samples * self.weight - 1).square().mean()}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of a run of two iterations with an average of the weights."""
    folder = tmp_path_factory.mktemp('run')
    runner = Runner(
        model=Line(),
        work_dir=str(folder),
        train_dataloader={
            'batch_size': 1,
            'num_workers': 0,
            'dataset': TwoPoints(),
            'sampler': {'type': 'DefaultSampler', 'shuffle': True},
            'collate_fn': {'type': 'default_collate'},
        },
        train_cfg={'by_epoch': True, 'max_epochs': 1},
        optim_wrapper={'type': 'OptimWrapper', 'optimizer': {'type': 'Adam', 'lr': 0.01}},
        param_scheduler=[{'type': 'OneCycleLR', 'eta_max': 0.1, 'total_steps': 2}],
        custom_hooks=[{'type': 'EMAHook'}],
        experiment_name=folder.name,
    )
    runner.message_hub.update_scalar('train/score', np.float64(0.5))
    runner.train()
    return folder / 'epoch_1.pth'


def rename_globals(source: Path, target: Path, old: bytes, new: bytes) -> bool:
    """Copy a checkpoint with one module renamed in its pickle; return whether it occurred."""
    found = False
    with zipfile.ZipFile(source) as reading, zipfile.ZipFile(target, 'w') as writing:
        for entry in reading.infolist():
            content = reading.read(entry)
            if entry.filename.endswith('data.pkl'):
                found = old in content
                content = content.replace(old, new)
            writing.writestr(entry, content)
    return found


def load_in_new_process(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run code, then load the file in the same fresh process as torch does by default."""
    program = f'import sys\n{code}\nimport torch\ntorch.load(sys.argv[1], weights_only=True)'
    root = Path(__file__).parents[2]
    command = [sys.executable, '-c', program, str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=root)


@needs_registration
class TestRegisterSafeGlobals:
    """Law: what the runner writes loads after registration, and only then."""

    def test_fresh_process_without_registration_refuses(self, checkpoint: Path) -> None:
        """Torch alone does not load the file: the registration is what makes the difference."""
        answer = load_in_new_process('', checkpoint)
        assert answer.returncode != 0
        assert 'Weights only load failed' in answer.stderr

    def test_importing_the_package_is_enough(self, checkpoint: Path) -> None:
        """A fresh process that imports the package loads the file."""
        answer = load_in_new_process('import dualcenter_mmpose', checkpoint)
        assert answer.returncode == 0, answer.stderr

    def test_content_survives(self, checkpoint: Path) -> None:
        """Weights, their average, the log and the dataset's metainfo come back as they were."""
        checkpoints.register_safe_globals()
        content = torch.load(checkpoint, weights_only=True)
        assert set(content['state_dict']) == {'weight'}
        assert 'ema_state_dict' in content
        assert content['message_hub']['log_scalars']['train/score'].current() == 0.5
        for key, value in TwoPoints.metainfo.items():
            np.testing.assert_array_equal(content['meta']['dataset_meta'][key], value)

    @pytest.mark.parametrize(
        ('old', 'new'),
        [
            (b'numpy._core.multiarray', b'numpy.core.multiarray'),
            (b'numpy.core.multiarray', b'numpy._core.multiarray'),
        ],
    )
    def test_names_of_both_numpys(self, checkpoint: Path, tmp_path: Path, old: bytes, new: bytes) -> None:
        """A file written under numpy 1 loads under numpy 2 and the other way round."""
        checkpoints.register_safe_globals()
        renamed = tmp_path / 'renamed.pth'
        present = rename_globals(checkpoint, renamed, old, new)
        assert present == (old.decode() == checkpoints.NUMPY_FOLDERS[np.__version__[0] != '1'])
        torch.load(renamed, weights_only=True)

    @pytest.mark.parametrize('strategy', ['cos', 'linear'])
    def test_one_cycle_schedule(self, tmp_path: Path, strategy: str) -> None:
        """The only schedule that saves a function loads with it."""
        checkpoints.register_safe_globals()
        wrapper = OptimWrapper(torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))]))
        schedule = OneCycleLR(wrapper, eta_max=0.1, total_steps=2, anneal_strategy=strategy)
        torch.save(schedule.state_dict(), tmp_path / 'schedule.pth')
        state = torch.load(tmp_path / 'schedule.pth', weights_only=True)
        assert state['anneal_func'](0.0, 1.0, 1.0) == pytest.approx(1.0)

    def test_twice_is_once(self) -> None:
        """Registering again adds nothing."""
        checkpoints.register_safe_globals()
        first = len(torch.serialization.get_safe_globals())
        checkpoints.register_safe_globals()
        assert len(torch.serialization.get_safe_globals()) == first


class Forged:
    """An object that pickles as a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Keep the call."""
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return the call."""
        return self.call


@needs_registration
class TestForgedCheckpoint:
    """Law: registration opens the door to nothing but data."""

    @pytest.mark.parametrize(
        'forged',
        [
            Forged(getattr, HistoryBuffer, '__init__'),
            Forged(getattr, HistoryBuffer, 'update'),
            Forged(getattr, np.ndarray, 'tofile'),
            Forged(eval, '1 + 1'),
        ],
    )
    def test_refused(self, tmp_path: Path, forged: Forged) -> None:
        """A call of anything else, or a reach for any other attribute, is refused."""
        checkpoints.register_safe_globals()
        torch.save({'state_dict': forged}, tmp_path / 'forged.pth')
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / 'forged.pth', weights_only=True)

    def test_object_array_refused(self, tmp_path: Path) -> None:
        """Arrays of objects are not plain data."""
        checkpoints.register_safe_globals()
        torch.save(np.array([{}, None], dtype=object), tmp_path / 'objects.pth')
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / 'objects.pth', weights_only=True)


class TestNeedsSafeGlobals:
    """Law: torch 2.6 is the first that refuses by default."""

    @pytest.mark.parametrize(
        ('version', 'expected'),
        [
            ('1.13.1', False),
            ('2.5.1', False),
            ('2.6.0', True),
            ('2.11.0+cu130', True),
            ('3.0.0', True),
        ],
    )
    def test_by_version(self, version: str, expected: bool) -> None:
        """The minor number is compared as a number: 2.11 comes after 2.6."""
        assert checkpoints.needs_safe_globals(version) is expected


class TestSavedMethod:
    """Law: the methods named in a checkpoint, nothing else."""

    def test_known(self) -> None:
        """The four statistics of the log buffer are its own methods."""
        assert checkpoints.saved_method(HistoryBuffer, 'mean') is HistoryBuffer.mean

    @pytest.mark.parametrize(('owner', 'name'), [(HistoryBuffer, 'update'), (list, 'mean'), ([], 'append')])
    def test_unknown(self, owner: Any, name: str) -> None:
        """Another class, another method or an instance is refused by name."""
        with pytest.raises(pickle.UnpicklingError, match=f'received .*\\.{name}'):
            checkpoints.saved_method(owner, name)
