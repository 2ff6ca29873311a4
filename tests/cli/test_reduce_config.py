"""The command that writes a reduced config; what that is, is tested with `experiments.reduced.reduce`."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from dualcenter import main
from dualcenter_mmpose.experiments.reduced.from_shipped import reduced_config
from tests.configs.reduce import ROOT

ROW4 = ROOT / 'configs' / 'ablation' / 'table6-row4-confidence_hrnet-w32_8xb10-20e_coco-512x512.py'


def run_tool(*argv):
    return main(['reduce-config', *map(str, argv)])


def test_written(tmp_path, capsys):
    """The file reads as the reduced config, in a folder made for it, and nothing else is left there."""
    out = tmp_path / 'small' / 'row4.py'
    assert run_tool(ROW4, '--out', out) == 0
    assert f'wrote {out}' in capsys.readouterr().out
    reduced = Config.fromfile(out)
    assert reduced.to_dict() == reduced_config(Config.fromfile(ROW4)).to_dict()
    assert reduced.model.head.pose_nets.similarity is None
    assert list(out.parent.iterdir()) == [out]


def test_again(tmp_path):
    """A file that exists is replaced: it can always be made again."""
    out = tmp_path / 'row4.py'
    out.write_text('old')
    assert run_tool(ROW4, '--out', out) == 0
    assert 'old' not in Config.fromfile(out)


class TestRefusals:
    """One message, status 2, nothing written."""

    @pytest.mark.parametrize(
        ('config', 'out', 'message'),
        [
            ('no.py', 'out.py', "config 'no.py', named by the command line, does not exist"),
            (ROW4, 'out.json', "--out must end in .py, got '"),
            ('dekr/synthetic/dekr_hrnet-w16s_1xb8-6e_synthetic-256x256.py', 'new/out.py', "got 'DEKRHead'"),
            ('_base_/stage2.py', 'out.py', "model.backbone of type 'HRNet', got 'None'"),
        ],
        ids=['missing', 'suffix', 'no-twin', 'part'],
    )
    def test_refusals(self, config, out, message, tmp_path, capsys):
        """Each names what was wrong."""
        path = ROOT / 'configs' / config
        assert run_tool(path if path.is_file() else config, '--out', tmp_path / out) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith('dualcenter reduce-config: error: ')
        assert message in printed.err
        assert list(tmp_path.iterdir()) == []

    def test_broken(self, tmp_path, capsys):
        """A config that is no Python."""
        broken = tmp_path / 'broken.py'
        broken.write_text('model = dict(')
        assert run_tool(broken, '--out', tmp_path / 'out.py') == 2
        assert "broken.py', named by the command line, cannot be read: SyntaxError" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == [broken]
