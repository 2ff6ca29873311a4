"""How sub-commands end: exit status, one line, no traceback."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from dualcenter_mmpose.cli import command


def make_module(run, **attributes):
    """Return a sub-command that takes a number."""

    def add_arguments(parser):
        parser.add_argument('number', type=int)

    return SimpleNamespace(
        __doc__='Count.', EXAMPLES='example:\n  count 3\n', add_arguments=add_arguments, run=run, **attributes
    )


def fail_with(error, *kinds):
    """Return what runs into an error, some kinds of which are bad input."""

    def run(arguments):
        with command.bad_input(*kinds):
            raise error

    return run


class TestRunCommand:
    """Law: whatever the user can mend is one line and status 2; a mistake of ours keeps its traceback."""

    @pytest.mark.parametrize('status', [0, 1])
    def test_status(self, status, capsys):
        """What `run` returns, with the arguments parsed."""
        assert command.run_command('prog', make_module(lambda a: status if a.number == 7 else 9), ['7']) == status
        assert capsys.readouterr().err == ''

    @pytest.mark.parametrize(
        ('error', 'kinds', 'message'),
        [
            (ValueError('a\n  b'), (), 'a b'),
            (FileNotFoundError(2, 'No such file', 'a.py'), (), "[Errno 2] No such file: 'a.py'"),
            (json.JSONDecodeError('not JSON', '', 0), (), 'not JSON: line 1 column 1 (char 0)'),
            (KeyError('head'), (KeyError,), "the key 'head' is missing"),
            (ModuleNotFoundError('install onnx'), (ImportError,), 'install onnx'),
            (ValueError(), (), 'ValueError'),
        ],
    )
    def test_bad_input(self, error, kinds, message, capsys):
        """Files, values, keys, packages."""
        assert command.run_command('prog', make_module(fail_with(error, *kinds)), ['1']) == 2
        printed = capsys.readouterr()
        assert printed.err == f'prog: error: {message}\n'
        assert printed.out == ''

    @pytest.mark.parametrize('error', [RuntimeError('ours'), KeyError('ours')])
    def test_mistakes_of_ours(self, error):
        """Anything that was not said to be bad input."""
        with pytest.raises(type(error), match='ours'):
            command.run_command('prog', make_module(fail_with(error)), ['1'])

    @pytest.mark.parametrize(('argv', 'message'), [([], 'required: number'), (['x'], "invalid int value: 'x'")])
    def test_bad_command_line(self, argv, message, capsys):
        """As everything else, with the way to the options."""
        assert command.run_command('prog', make_module(lambda _: 0), argv) == 2
        printed = capsys.readouterr().err
        assert printed.startswith('prog: error: ')
        assert printed.endswith('(options: prog --help)\n')
        assert message in printed
        assert printed.count('\n') == 1

    def test_help(self, capsys):
        """Status 0, with what the command does and an example."""
        assert command.run_command('prog', make_module(lambda _: 9), ['--help']) == 0
        printed = capsys.readouterr().out
        assert 'usage: prog' in printed
        assert 'Count.' in printed
        assert 'example:\n  count 3' in printed

    @pytest.mark.parametrize(
        ('attributes', 'message'),
        [({}, 'interrupted'), ({'IS_RESUMABLE': True}, 'interrupted: run the same command again to go on')],
    )
    def test_interrupted(self, attributes, message, capsys):
        """Status 130, and how to go on where that is possible."""
        module = make_module(fail_with(KeyboardInterrupt()), **attributes)
        assert command.run_command('prog', module, ['1']) == 130
        assert capsys.readouterr().err == f'\nprog: {message}\n'

    def test_once_for_all_processes(self, capsys, monkeypatch):
        """Of eight processes that are refused, one says so; all have the status."""
        monkeypatch.setenv('RANK', '3')
        assert command.run_command('prog', make_module(fail_with(ValueError('x'))), ['1']) == 2
        assert capsys.readouterr().err == ''
