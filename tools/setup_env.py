"""Make the virtual environment of this project: `make setup`.

Every step that has succeeded leaves a stamp, so a second call takes a moment and an interrupted
set-up goes on where it stopped. Only Python's standard library is needed.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from setup_support import console, interpreter, problems, stamps
from setup_support.plan import PYTHON_VERSION, Step, plan_steps, stage_package
from setup_support.problems import Advice, SetupError

ROOT = Path(__file__).resolve().parents[1]
# Settings that would make pip or Python look or install elsewhere than the environment.
DIVERTING = ('PYTHONPATH', 'PYTHONHOME', 'PIP_USER', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT')
# Wheels of all steps; they pass through the temporary folder and, unless switched off, pip's cache.
DOWNLOAD_MB = 2900
GIGABYTES_PER_COMPILER = 2


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        description='Make the virtual environment of this project, or bring it up to date.',
        epilog='Example: python3.11 tools/setup_env.py --redo mmcv',
    )
    parser.add_argument('--venv', type=Path, default=ROOT / '.venv', help='folder of the environment (%(default)s)')
    parser.add_argument('--redo', metavar='STEP', action='append', default=[], help='run this step again')
    return parser.parse_args(arguments)


def main() -> int:
    """Run the steps that are due and return the exit status."""
    options = parse_arguments()
    venv = options.venv.absolute()
    try:
        return set_up(venv, options.redo)
    except SetupError as problem:
        console.write_error(describe_problem('Set-up cannot go on.', problem.advice))
    except OSError as error:
        console.write_error(describe_problem(f'Set-up failed: {error}', problems.explain(str(error))))
    except KeyboardInterrupt:
        console.write_error('\nInterrupted. Run the same command again: finished steps are kept.')
        return 130
    return 2


def set_up(venv: Path, redo: Sequence[str]) -> int:
    """Run the steps that are due and return the exit status.

    Raises:
        SetupError: Something that the user can mend stands in the way.
    """
    start = time.monotonic()
    steps = plan_steps(ROOT, venv)
    check_names(redo, steps)
    claim(venv)
    with locked(venv):
        for name in redo:
            stamps.forget(venv, name)
        due = [step for step in steps if not stamps.is_done(venv, step.name, step.fingerprint)]
        if due:
            print(f'Setting up {venv}: {len(due)} of {len(steps)} steps to do.', flush=True)
            base = prepare(venv, due)
            for step in due:
                label = f'[{steps.index(step) + 1}/{len(steps)}] {step.name}'
                if not run_step(step, label, venv, base):
                    return 2
    seconds = time.monotonic() - start
    news = f'set up in {console.clock(seconds)}' if due else f'up to date ({seconds:.1f} s)'
    print(f'Environment {venv}: {news}.', flush=True)
    return 0


def check_names(redo: Sequence[str], steps: Sequence[Step]) -> None:
    """Check that each step to do again exists.

    Raises:
        SetupError: One does not.
    """
    names = [step.name for step in steps]
    unknown = sorted(set(redo) - set(names))
    if unknown:
        raise SetupError(Advice(f'There is no step {", ".join(unknown)}.', f'Choose from {", ".join(names)}.'))


def claim(venv: Path) -> None:
    """Make venv a folder of this set-up.

    Raises:
        SetupError: The folder exists and holds something else.
    """
    try:
        stamps.claim(venv)
    except FileExistsError:
        raise SetupError(
            Advice(
                f'{venv} exists and was not made by this set-up.',
                'Move it away, or make the environment elsewhere: make setup VENV=FOLDER.',
            )
        ) from None


@contextmanager
def locked(venv: Path) -> Iterator[None]:
    """Keep other set-ups of the same environment waiting."""
    with (venv / stamps.LOCK).open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('Another set-up is running in the same folder; waiting for it.', flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(venv: Path, due: Sequence[Step]) -> str:
    """Check what can be checked before the long steps, and return the base Python's executable.

    Raises:
        SetupError: No usable Python, or too little disk space.
    """
    names = [step.name for step in due]
    downloads = DOWNLOAD_MB if 'torch' in names else 0
    needs = [(venv, sum(step.disk_mb for step in due)), (Path(tempfile.gettempdir()), downloads)]
    if 'PIP_NO_CACHE_DIR' not in os.environ:
        needs.append((cache_folder(os.environ), downloads))
    problems.check_space(needs)
    if 'venv' not in names:
        return str(venv / 'bin' / 'python')
    python = interpreter.find_interpreter(PYTHON_VERSION, os.environ.get('PATH', ''))
    if python is None:
        version = '.'.join(map(str, PYTHON_VERSION))
        running = '.'.join(map(str, sys.version_info[:3]))
        raise SetupError(
            Advice(
                f'The pinned stack needs Python {version}. This is Python {running}, and no '
                f'python{version} on the PATH runs.',
                f'Install it (Debian and Ubuntu: apt-get install python{version} '
                f'python{version}-venv python{version}-dev), or name one: '
                f'make setup PYTHON=/path/to/python{version}.',
            )
        )
    if not python.has_venv:
        raise SetupError(problems.NO_VENV)
    stamps.clear(venv)
    return python.path


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of pip's cache, or the nearest one above it that exists."""
    general = environment.get('XDG_CACHE_HOME') or str(Path.home() / '.cache')
    folder = Path(environment.get('PIP_CACHE_DIR') or general).absolute()
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def run_step(step: Step, label: str, venv: Path, base: str) -> bool:
    """Run one step, leave its stamp and return True, or explain its failure and return False."""
    start = time.monotonic()
    stamps.forget(venv, step.name)
    environment = build_environment(venv, os.environ)
    python = base if step.name == 'venv' else str(venv / 'bin' / 'python')
    print(f'{label}: {step.title} (about {step.duration})', flush=True)
    try:
        if step.name == 'mmcv':
            environment = prepare_mmcv(python, step, environment)
    except SetupError as error:
        console.write_error(describe_problem(f'Set-up stopped before {label}.', error.advice))
        return False
    if step.name == 'package':
        stage_package(ROOT, Path(step.arguments[-1]))
    log = venv / stamps.LOGS / f'{step.name}.log'
    reporter = console.Reporter(label, sys.stdout)
    status = console.run_logged([python, *step.arguments], log, environment, ROOT, reporter)
    if status != 0:
        reporter.close('failed')
        text = log.read_text(encoding='utf-8', errors='replace')
        console.write_error(describe_failure(label, status, text, log))
        return False
    stamps.remember(venv, step.name, step.fingerprint)
    reporter.close(f'done in {console.clock(time.monotonic() - start)}')
    return True


def build_environment(venv: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for a step: the caller's, less what leads out of venv."""
    environment = {name: value for name, value in outer.items() if name not in DIVERTING}
    environment['VIRTUAL_ENV'] = str(venv)
    # ninja stands in the environment's bin; the build of mmcv looks for it on the PATH.
    environment['PATH'] = f'{venv / "bin"}{os.pathsep}{outer.get("PATH", "")}'
    environment['PYTHONUNBUFFERED'] = '1'
    return environment


def prepare_mmcv(python: str, step: Step, environment: dict[str, str]) -> dict[str, str]:
    """Return the environment for installing mmcv, once it is clear that it can be built.

    Raises:
        SetupError: No wheel is offered and this machine cannot compile.
    """
    # Without --force-reinstall an installed mmcv would count as an offer.
    dry_run = [python, '-m', 'pip', 'install', '--dry-run', '--force-reinstall', '--no-deps']
    dry_run += ['--only-binary', ':all:']
    asked = subprocess.run([*dry_run, step.arguments[-1]], env=environment, capture_output=True)
    if asked.returncode == 0:
        return environment
    compiler = interpreter.find_compiler(environment)
    if compiler is None:
        raise SetupError(problems.NO_COMPILER)
    found = interpreter.probe(python)
    complaint = interpreter.compile_problem(compiler, found.include) if found else None
    if complaint is not None:
        general = Advice(
            f'{compiler} cannot compile C++17: {complaint[-300:]}',
            'Install a newer compiler, or name one with CXX.',
        )
        raise SetupError(problems.NO_HEADERS if 'Python.h' in complaint else general)
    jobs = environment.get('MAX_JOBS') or str(compile_jobs())
    print(f'      no wheel offered: compiling mmcv, {jobs} files at a time', flush=True)
    without_nvcc = {} if interpreter.has_nvcc(environment) else {'CUDA_VISIBLE_DEVICES': ''}
    return {**environment, **without_nvcc, 'MAX_JOBS': jobs, 'CXX': compiler}


def compile_jobs() -> int:
    """Return how many files to compile at a time: one a core, as far as the memory reaches."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    return max(1, min(cores or 1, int(memory / GIGABYTES_PER_COMPILER)))


def describe_problem(headline: str, advice: Advice) -> str:
    """Return a message of three parts: what, why, and the way out."""
    return f'{headline}\nWhy:     {advice.why}\nWay out: {advice.way_out}'


def describe_failure(label: str, status: int, log: str, path: Path) -> str:
    """Return the message for a failed step: which, why, the way out and the end of its log."""
    end = '\n'.join(f'    {line}' for line in problems.last_error(log))
    return (
        describe_problem(f'Set-up failed in step {label} (exit status {status}).', problems.explain(log))
        + f'\nThe log {path} ends with:\n{end}\n'
        'Finished steps are kept: run the same command again to go on from this step.'
    )


if __name__ == '__main__':
    sys.exit(main())
