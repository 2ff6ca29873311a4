"""The command `dualcenter`: its table, unknown names, and what starts without torch and MMPose."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import dualcenter
from dualcenter_mmpose.cli.command import build_parser
from tests.reference.coco_files import coco_content, person, write_coco

ROOT = Path(__file__).resolve().parent.parent
LIGHT = sorted(name for name, command in dualcenter.COMMANDS.items() if command.is_light)
SLOW_PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmpose', 'mmdet', 'scipy', 'matplotlib')

NOTE_IMPORTS = f"""
import os, sys

def note(what):
    open(os.path.join(os.environ['NOTES'], f'{{what}}-{{os.getpid()}}'), 'w').close()

class Watch:
    def find_spec(self, name, path, target=None):
        if name in {SLOW_PACKAGES}:
            note(name)

sys.meta_path.insert(0, Watch())
note('started')
"""
"""Leaves a file for every process that starts, and for every slow package that one imports."""


@pytest.mark.parametrize('name', dualcenter.COMMANDS)
class TestEverySubCommand:
    """Law: the modules are as `cli/command.py` says."""

    def test_module(self, name):
        """A description, an example that names the command, options, something to run, and no main of its own."""
        module = importlib.import_module(f'dualcenter_mmpose.cli.{dualcenter.COMMANDS[name].module}')
        assert module.__doc__
        assert f'dualcenter {name} ' in module.EXAMPLES
        assert callable(module.add_arguments)
        assert callable(module.run)
        assert not hasattr(module, 'main')

    def test_help(self, name, capsys):
        """Printed with status 0."""
        assert dualcenter.main([name, '--help']) == 0
        printed = capsys.readouterr().out
        assert printed.startswith(f'usage: dualcenter {name} ')
        assert 'example' in printed

    def test_bad_option(self, name, capsys):
        """One line, status 2."""
        assert dualcenter.main([name, '--nothing-of-that-name']) == 2
        printed = capsys.readouterr().err
        assert printed.startswith(f'dualcenter {name}: error: ')
        assert printed.count('\n') == 1


DOCUMENTS = ['README.md', 'CONTRIBUTING.md', *(f'docs/{path.name}' for path in sorted((ROOT / 'docs').glob('*.md')))]


@pytest.mark.parametrize('document', DOCUMENTS)
def test_documented_commands(document):
    """Every sub-command that a document names exists, with the options that it is given there."""
    text = (ROOT / document).read_text().replace('\\\n', ' ')
    for name, rest in re.findall(r'\bdualcenter ([a-z][a-z-]+)([^`\n|]*)', text):
        assert name in dualcenter.COMMANDS, name
        module = importlib.import_module(f'dualcenter_mmpose.cli.{dualcenter.COMMANDS[name].module}')
        known = build_parser('dualcenter', module)._option_string_actions
        assert [option for option in re.findall(r'--[a-z-]+', rest) if option not in known] == [], name


class TestMain:
    """Law: without a command that exists, the way to one is told."""

    @pytest.mark.parametrize('word', ['-h', '--help'])
    def test_help(self, word, capsys):
        """All commands with a line each."""
        assert dualcenter.main([word]) == 0
        printed = capsys.readouterr().out
        for name, command in dualcenter.COMMANDS.items():
            assert f'  {name} ' in printed
            assert command.summary in printed

    def test_nothing(self, capsys):
        """The same list, but nothing was done."""
        assert dualcenter.main([]) == 2
        assert 'usage: dualcenter COMMAND' in capsys.readouterr().out

    @pytest.mark.parametrize(
        ('name', 'advice'),
        [
            ('scores', 'did you mean score'),
            ('complexty', 'did you mean complexity'),
            ('take_images', 'did you mean take-images'),
            ('zzz', '`dualcenter --help` lists the commands'),
        ],
    )
    def test_unknown(self, name, advice, capsys):
        """Those with a name like it are named."""
        assert dualcenter.main([name]) == 2
        printed = capsys.readouterr().err
        assert printed.startswith(f"dualcenter: error: there is no command '{name}': ")
        assert advice in printed
        assert printed.count('\n') == 1

    def test_missing_package(self):
        """What does not import is told without a traceback, though the package itself cannot be imported then."""
        code = """
import contextlib, io, dualcenter
sys.modules['torch'] = None
with contextlib.redirect_stderr(io.StringIO()) as text:
    status = dualcenter.main(['complexity', 'a.py'])
print(json.dumps([status, text.getvalue()]))
"""
        status, printed = run_python(code)
        assert status == 2
        assert printed.startswith('dualcenter complexity: error: ')
        assert 'torch' in printed
        assert printed.count('\n') == 1

    def test_argv_of_the_process(self, monkeypatch, capsys):
        """Is taken by default, and left as it is."""
        argv = ['dualcenter', 'zzz']
        monkeypatch.setattr(sys, 'argv', argv)
        assert dualcenter.main() == 2
        assert sys.argv is argv
        assert argv == ['dualcenter', 'zzz']


def run_python(code, *argv, **environment):
    """Run code in a new process and return what it prints as JSON."""
    environment = {**{k: v for k, v in os.environ.items() if k != dualcenter.LIGHT}, **environment}
    command = [sys.executable, '-c', f'import json, os, sys\n{code}', *map(str, argv)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


class TestLightCommands:
    """Law: some commands start without torch and MMPose, and leave the process as it was."""

    def test_which(self):
        """Those that need no model, or only an exported one."""
        assert LIGHT == ['predict-onnx', 'score', 'synthesize', 'take-images']

    @pytest.mark.parametrize('name', LIGHT)
    def test_no_slow_import(self, name):
        """Nothing of the slow packages is imported for a command's options."""
        code = f"""
import dualcenter
assert dualcenter.main([{name!r}, '--help']) == 0
print(json.dumps(sorted(set(sys.modules) & {set(SLOW_PACKAGES)})))
"""
        assert run_python(code) == []

    def test_work_in_the_same_process(self, tmp_path):
        """A real call imports none of them either; the package that is imported afterwards is whole."""
        ann = write_coco(tmp_path, coco_content(person(1, 1, (0, 0, 9, 9))))
        code = f"""
import dualcenter
status = dualcenter.main(['score', sys.argv[1], '--ceiling'])
slow = sorted(set(sys.modules) & {set(SLOW_PACKAGES)})
is_set = dualcenter.LIGHT in os.environ
import dualcenter_mmpose
from mmpose.registry import MODELS
print(json.dumps([status, slow, is_set, 'DualCenterHead' in MODELS, hasattr(dualcenter_mmpose, 'codecs')]))
"""
        assert run_python(code, ann) == [0, [], False, True, True]

    def test_worker_processes(self, tmp_path):
        """They inherit the choice: of several processes, none imports a slow package."""
        notes = tmp_path / 'notes'
        notes.mkdir()
        (tmp_path / 'sitecustomize.py').write_text(NOTE_IMPORTS)
        code = """
import dualcenter
print(json.dumps(dualcenter.main(['synthesize', sys.argv[1], '--images', '18', '--size', '96', '--workers', '2'])))
"""
        paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get('PYTHONPATH')])])
        assert run_python(code, tmp_path / 'out', PYTHONPATH=paths, NOTES=str(notes)) == 0
        names = [path.name for path in notes.iterdir()]
        assert len([name for name in names if name.startswith('started-')]) > 2
        assert [name for name in names if not name.startswith('started-')] == []

    @pytest.mark.parametrize('before', [None, '', '1'])
    def test_environment_is_restored(self, before, monkeypatch):
        """Whatever it was, also after an error."""
        monkeypatch.delenv(dualcenter.LIGHT, raising=False)
        if before is not None:
            monkeypatch.setenv(dualcenter.LIGHT, before)
        inside = []

        def work():
            with dualcenter.without_registration():
                inside.append(os.environ[dualcenter.LIGHT])
                raise KeyError('work')

        with pytest.raises(KeyError, match='work'):
            work()
        assert inside == ['1']
        assert os.environ.get(dualcenter.LIGHT) == before

    def test_imported_package_stays(self):
        """Where the package was there before, nothing of it is forgotten."""
        import dualcenter_mmpose

        with dualcenter.without_registration():
            pass
        assert sys.modules['dualcenter_mmpose'] is dualcenter_mmpose


class TestQuietPackages:
    """Law: warnings of others are left out, ours are shown."""

    def test_modules(self):
        """By the module that warns."""
        with warnings.catch_warnings(record=True) as caught, dualcenter.quiet_packages():
            warnings.warn_explicit('theirs', UserWarning, 'file.py', 1, module='mmengine.config')
            warnings.warn_explicit('ours', UserWarning, 'file.py', 1, module='dualcenter_mmpose.models')
        assert [str(warning.message) for warning in caught] == ['ours']
