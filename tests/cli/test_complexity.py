"""The complexity command: the published totals, and what it does with bad input."""

from __future__ import annotations

import json

import pytest
from mmengine.config import Config

from dualcenter import main
from tests.configs.reduce import ROOT
from tests.helpers import tiny_model, with_pose_nets

COCO = ROOT / 'configs' / 'dualcenter' / 'coco'
W32 = COCO / 'dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py'
W48 = COCO / 'dualcenter_hrnet-w48_stage2_8xb5-20e_coco-640x640.py'


def run_tool(*argv):
    return main(['complexity', *map(str, argv)])


@pytest.fixture
def tiny(tmp_path):
    """A config file of a small model with all networks, 64 px."""
    path = tmp_path / 'tiny.py'
    Config(dict(model=with_pose_nets(tiny_model()))).dump(path)
    return path


@pytest.mark.parametrize(
    ('config', 'parameters', 'multiply_adds', 'printed'),
    [(W32, 43_536_258, 46.460, ('43.5 M', '46.5 G')), (W48, 79_774_882, 142.725, ('79.8 M', '142.7 G'))],
    ids=['W32', 'W48'],
)
def test_published_totals(config, parameters, multiply_adds, printed, capsys, tmp_path):
    """43.536 M and 46.460 G at 512 px, 79.775 M and 142.725 G at 640 px; the rule stands below."""
    out = tmp_path / 'counts.json'
    assert run_tool(config, '--out', out) == 0
    text = capsys.readouterr().out
    assert [' '.join(line.split()) for line in text.splitlines()].count(' '.join(printed)) == 1
    assert 'multiply-adds, counted once, of convolutions and linear layers alone' in text
    assert 'products without weights' in text
    record = json.loads(out.read_text())
    assert record['total']['parameters'] == parameters
    assert round(record['total']['multiply_adds'] / 1e9, 3) == multiply_adds
    assert record['flop_counter']['layer_operations'] == 2 * record['total']['multiply_adds']


def test_size(capsys, tiny):
    """The codec's size by default; --size takes one number or two."""
    sizes = [], ['--size', '96'], ['--size', '96x32']
    for words, expected in zip(sizes, ('64 x 64', '96 x 96', '96 x 32')):
        assert run_tool(tiny, *words) == 0
        assert f'image of {expected} px' in capsys.readouterr().out


class TestRefusals:
    """Bad input ends in one message, status 2 and no file."""

    def check(self, capsys, tmp_path, message, *words):
        before = sorted(tmp_path.iterdir())
        assert run_tool(*words, '--out', tmp_path / 'out.json') == 2
        printed = capsys.readouterr()
        assert message in printed.err
        assert printed.err.startswith('dualcenter complexity: error: ')
        assert printed.err.count('\n') == 1
        assert not printed.out
        assert sorted(tmp_path.iterdir()) == before

    def test_no_config(self, capsys, tmp_path):
        """A file that is not there."""
        self.check(capsys, tmp_path, "no.py' does not exist", tmp_path / 'no.py')

    def test_broken(self, capsys, tmp_path):
        """A file that is no Python."""
        (tmp_path / 'broken.py').write_text('model = dict(')
        self.check(capsys, tmp_path, "broken.py' cannot be read", tmp_path / 'broken.py')

    def test_no_model(self, capsys, tmp_path):
        """A config that is only a part of one."""
        self.check(capsys, tmp_path, 'no model with a head', ROOT / 'configs' / '_base_' / 'stage2.py')

    @pytest.mark.parametrize(('size', 'message'), [('100', 'got 100x100'), ('a', "got 'a'"), ('0', 'got 0x0')])
    def test_size(self, size, message, capsys, tiny, tmp_path):
        """A size that the maps cannot have, and one that is no number."""
        self.check(capsys, tmp_path, message, tiny, '--size', size)

    def test_no_nominal_size(self, capsys, tmp_path):
        """A head that does not know its input asks for --size."""
        path = tmp_path / 'dense.py'
        Config(dict(model=dict(head=dict(type='DualCenterHead')))).dump(path)
        self.check(capsys, tmp_path, 'give --size WxH', path)
