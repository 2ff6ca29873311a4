"""The set-up as a whole: it resumes, reuses, and explains what it cannot do."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest
import setup_env
from setup_support import stamps
from setup_support.interpreter import Interpreter
from setup_support.plan import Step

MAKE_PYTHON = (
    'import os, sys; os.makedirs(sys.argv[1] + "/bin"); os.symlink(sys.executable, sys.argv[1] + "/bin/python")'
)
APPEND = 'import sys; open(sys.argv[1], "a").write(sys.argv[2])'


class Project:
    """A set-up of three small steps: `venv`, `first`, `second`."""

    def __init__(self, folder: Path) -> None:
        """Plan steps that note their runs in a file."""
        self.venv = folder / '.venv'
        self.notes = folder / 'notes'
        self.marks = {'venv': 'v', 'first': 'a', 'second': 'b'}
        self.failing = ''

    def plan(self, root: Path, venv: Path) -> list[Step]:
        """Return the steps; the failing one ends with status 1."""
        commands = {
            'venv': ('-c', MAKE_PYTHON, str(venv)),
            'first': ('-c', APPEND, str(self.notes), '1'),
            'second': ('-c', APPEND, str(self.notes), '2'),
        }
        if self.failing:
            error = 'ERROR: [Errno 28] No space left on device'
            commands[self.failing] = ('-c', f'import sys; sys.exit({error!r})')
        return [Step(name, f'do {name}', '1 s', commands[name], mark, 1) for name, mark in self.marks.items()]

    def ran(self) -> str:
        """Return which steps ran since the last call."""
        text = self.notes.read_text(encoding='utf-8') if self.notes.exists() else ''
        self.notes.unlink(missing_ok=True)
        return text


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a small set-up in place of the real one."""
    project = Project(tmp_path)
    python = Interpreter(sys.executable, (3, 11), True, '')
    monkeypatch.setattr(setup_env, 'plan_steps', project.plan)
    monkeypatch.setattr(setup_env.interpreter, 'find_interpreter', lambda *arguments: python)
    return project


def run_main(monkeypatch: pytest.MonkeyPatch, project: Project, *redo: str) -> int:
    """Run the command as the shell does."""
    options = argparse.Namespace(venv=project.venv, redo=list(redo))
    monkeypatch.setattr(setup_env, 'parse_arguments', lambda: options)
    return setup_env.main()


class TestSetUp:
    """Law: a finished step is never run again, an unfinished one always is."""

    def test_first_and_second_call(self, project: Project) -> None:
        """All steps, then none."""
        assert setup_env.set_up(project.venv, []) == 0
        assert project.ran() == '12'
        assert setup_env.set_up(project.venv, []) == 0
        assert project.ran() == ''

    def test_resumes_at_the_failed_step(self, project: Project, capfd: pytest.CaptureFixture[str]) -> None:
        """The failed step leaves no stamp; its message names step, cause, way out and log."""
        project.failing = 'second'
        assert setup_env.set_up(project.venv, []) == 2
        error = capfd.readouterr().err
        for told in (
            '[3/3] second',
            'disk is full',
            'Way out',
            'setup-logs/second.log',
            'Errno 28',
        ):
            assert told in error
        assert project.ran() == '1'
        project.failing = ''
        assert setup_env.set_up(project.venv, []) == 0
        assert project.ran() == '2'

    def test_changed_step_only(self, project: Project) -> None:
        """A new fingerprint runs its own step."""
        setup_env.set_up(project.venv, [])
        project.ran()
        project.marks['first'] = 'changed'
        setup_env.set_up(project.venv, [])
        assert project.ran() == '1'

    def test_new_environment_does_all_again(self, project: Project) -> None:
        """Nothing of an environment whose Python is gone counts as done."""
        setup_env.set_up(project.venv, [])
        project.ran()
        (project.venv / 'bin' / 'python').unlink()
        (project.venv / 'lib').mkdir()
        setup_env.set_up(project.venv, [])
        assert project.ran() == '12'
        assert not (project.venv / 'lib').exists()

    def test_failed_change_taken_back(self, project: Project) -> None:
        """A step that failed on its way to another version is undone, not still done."""
        setup_env.set_up(project.venv, [])
        project.ran()
        project.marks['first'], project.failing = 'changed', 'first'
        assert setup_env.set_up(project.venv, []) == 2
        project.marks['first'], project.failing = 'a', ''
        assert setup_env.set_up(project.venv, []) == 0
        assert project.ran() == '1'

    def test_redo(self, project: Project) -> None:
        """A step asked for runs, done or not."""
        setup_env.set_up(project.venv, [])
        project.ran()
        setup_env.set_up(project.venv, ['second'])
        assert project.ran() == '2'

    def test_interrupted_step_is_not_done(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ctrl-C in a step that was done before leaves it undone."""
        setup_env.set_up(project.venv, [])

        def interrupt(*arguments: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(setup_env.console, 'run_logged', interrupt)
        assert run_main(monkeypatch, project, 'first') == 130
        assert not stamps.is_done(project.venv, 'first', 'a')
        assert stamps.is_done(project.venv, 'second', 'b')


class TestMain:
    """Law: what the user can mend ends in one message, status 2 and nothing written."""

    def test_unknown_step(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The message lists the steps there are."""
        assert run_main(monkeypatch, project, 'torhc') == 2
        error = capsys.readouterr().err
        assert 'no step torhc' in error
        assert 'venv, first, second' in error

    def test_foreign_folder(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An environment made by something else is not touched."""
        project.venv.mkdir()
        (project.venv / 'pyvenv.cfg').touch()
        assert run_main(monkeypatch, project) == 2
        assert 'was not made by this set-up' in capsys.readouterr().err
        assert [path.name for path in project.venv.iterdir()] == ['pyvenv.cfg']

    def test_wrong_python(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The message says which Python is needed and which one this is."""
        monkeypatch.setattr(setup_env.interpreter, 'find_interpreter', lambda *arguments: None)
        assert run_main(monkeypatch, project) == 2
        error = capsys.readouterr().err
        assert 'needs Python 3.11' in error
        assert f'this is python {sys.version.split()[0]}' in error.lower()

    def test_python_without_venv(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A Python without ensurepip is told before it fails."""
        bare = Interpreter(sys.executable, (3, 11), False, '')
        monkeypatch.setattr(setup_env.interpreter, 'find_interpreter', lambda *arguments: bare)
        assert run_main(monkeypatch, project) == 2
        assert 'python3.11-venv' in capsys.readouterr().err

    def test_no_space(
        self, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Too small a disk stops the set-up before the first step."""

        class Full:
            free = 0

        monkeypatch.setattr(setup_env.problems.shutil, 'disk_usage', lambda folder: Full)
        assert run_main(monkeypatch, project) == 2
        assert '0 MB free' in capsys.readouterr().err
        assert project.ran() == ''


class TestPrepareMmcv:
    """Law: without a wheel the compiler is tried before pip starts."""

    STEP = Step('mmcv', 'mmcv', '1 s', ('-m', 'pip', 'mmcv==2.1.0'), 'm')

    def fake_pip(self, folder: Path, status: int) -> str:
        """Return a Python that answers pip's dry run with this status, and runs all else."""
        path = folder / 'python'
        path.write_text(
            f'#!/bin/sh\n[ "$2" = pip ] && exit {status}\nexec {sys.executable} "$@"\n',
            encoding='utf-8',
        )
        path.chmod(0o755)
        return str(path)

    def test_wheel_needs_no_compiler(self, tmp_path: Path) -> None:
        """A wheel on offer: the environment stays as it is."""
        environment = {'PATH': str(tmp_path)}
        python = self.fake_pip(tmp_path, 0)
        assert setup_env.prepare_mmcv(python, self.STEP, environment) is environment

    def test_no_compiler(self, tmp_path: Path) -> None:
        """Neither wheel nor compiler."""
        python = self.fake_pip(tmp_path, 1)
        with pytest.raises(setup_env.SetupError, match='no C\\+\\+ compiler'):
            setup_env.prepare_mmcv(python, self.STEP, {'PATH': str(tmp_path)})

    @pytest.mark.parametrize(
        ('complaint', 'why'),
        [('Python.h: No such file', 'Python.h'), ('unknown option -std=c++17', 'C\\+\\+17')],
    )
    def test_compiler_complains(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, why: str
    ) -> None:
        """Missing headers and an old compiler are told apart."""
        monkeypatch.setattr(setup_env.interpreter, 'find_compiler', lambda environment: 'c++')
        monkeypatch.setattr(setup_env.interpreter, 'compile_problem', lambda *a: complaint)
        python = self.fake_pip(tmp_path, 1)
        with pytest.raises(setup_env.SetupError, match=why):
            setup_env.prepare_mmcv(python, self.STEP, dict(os.environ))

    @pytest.mark.parametrize(('has_nvcc', 'hides_gpu'), [(True, False), (False, True)])
    def test_build_settings(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_nvcc: bool, hides_gpu: bool
    ) -> None:
        """The user's MAX_JOBS is kept; without nvcc a GPU is hidden, so that the CPU ops build."""
        monkeypatch.setattr(setup_env.interpreter, 'find_compiler', lambda environment: 'c++')
        monkeypatch.setattr(setup_env.interpreter, 'compile_problem', lambda *a: None)
        monkeypatch.setattr(setup_env.interpreter, 'has_nvcc', lambda environment: has_nvcc)
        outer = {'PATH': '', 'MAX_JOBS': '7'}
        built = setup_env.prepare_mmcv(self.fake_pip(tmp_path, 1), self.STEP, outer)
        assert built['MAX_JOBS'] == '7'
        assert ('CUDA_VISIBLE_DEVICES' in built) is hides_gpu
        assert outer == {'PATH': '', 'MAX_JOBS': '7'}


class TestBuildEnvironment:
    """Law: the caller's settings reach pip, those that divert it do not."""

    def test_kept_and_dropped(self, tmp_path: Path) -> None:
        """PIP_FIND_LINKS is the user's; PIP_TARGET would install elsewhere."""
        outer = {
            'PATH': '/bin',
            'PIP_FIND_LINKS': '/wheels',
            'PIP_TARGET': '/x',
            'PYTHONPATH': '/y',
        }
        built = setup_env.build_environment(tmp_path, outer)
        assert built['PIP_FIND_LINKS'] == '/wheels'
        assert built['PATH'] == f'{tmp_path / "bin"}{os.pathsep}/bin'
        assert not built.keys() & {'PIP_TARGET', 'PYTHONPATH'}


class TestCacheFolder:
    """Law: the place where pip's cache is or will be, as far as it exists."""

    def test_named(self, tmp_path: Path) -> None:
        """PIP_CACHE_DIR wins; a folder not made yet stands on its parent's disk."""
        named = tmp_path / 'not' / 'yet'
        assert setup_env.cache_folder({'PIP_CACHE_DIR': str(named)}) == tmp_path
        assert setup_env.cache_folder({'XDG_CACHE_HOME': str(tmp_path)}) == tmp_path


class TestCompileJobs:
    """Law: at least one, at most one a core."""

    def test_range(self) -> None:
        """Whatever this machine has."""
        assert 1 <= setup_env.compile_jobs() <= (os.cpu_count() or 1)
