"""What is compared: command line and list files."""

from __future__ import annotations

import json

import pytest

from dualcenter_mmpose.experiments.comparison.entries import Entry, collect_entries, read_list


class TestCollectEntries:
    """All entries, each under a name of its own."""

    def test_order(self, tmp_path):
        """List files first, then models, then result files."""
        path = tmp_path / 'list.yaml'
        path.write_text('- {name: a, results: a.json}\n')
        found = collect_entries([('b', 'b.py', 'b.pth')], [('c', 'c.json')], [path])
        assert found == [
            Entry('a', results=str(tmp_path / 'a.json')),
            Entry('b', config='b.py', checkpoint='b.pth'),
            Entry('c', results='c.json'),
        ]

    def test_none(self):
        """Nothing to compare is a mistake."""
        with pytest.raises(ValueError, match='--model NAME CONFIG CKPT'):
            collect_entries([], [], [])

    @pytest.mark.parametrize('names', [('a', 'a'), ('a b', 'a/b')], ids=['equal', 'same folder'])
    def test_alike(self, names):
        """Two entries may not share a folder: their records would overwrite each other."""
        with pytest.raises(ValueError, match='a name of its own'):
            collect_entries([], [(name, 'x.json') for name in names], [])


class TestSlug:
    """Folder names are plain, and never lead out of the folder."""

    @pytest.mark.parametrize(
        ('name', 'slug'), [('ours', 'ours'), ('HRNet W32, 512', 'HRNet-W32-512'), ('../..', 'entry')]
    )
    def test_slug(self, name, slug):
        assert Entry(name).slug == slug


class TestReadList:
    """YAML or JSON; paths from the file's own folder, but for addresses."""

    def test_paths(self, tmp_path):
        """A file beside the list, an absolute one, one of MMPose, one of the net, and no checkpoint."""
        rows = [
            dict(name='a', config='a.py', checkpoint='/b/a.pth'),
            dict(name='b', config='mmpose::b.py', checkpoint='https://c.org/b.pth'),
            dict(name='c', config='c.py', checkpoint='none'),
        ]
        path = tmp_path / 'list.json'
        path.write_text(json.dumps(dict(entries=rows)))
        found = [(entry.config, entry.checkpoint) for entry in read_list(path)]
        assert found == [
            (f'{tmp_path}/a.py', '/b/a.pth'),
            ('mmpose::b.py', 'https://c.org/b.pth'),
            (f'{tmp_path}/c.py', 'none'),
        ]

    @pytest.mark.parametrize(
        ('text', 'message'),
        [
            ('{', 'neither YAML nor JSON'),
            ('a: 1', 'must hold a list'),
            ('- {name: a}', 'entry 0: expected'),
            ('- {name: a, results: b, checkpoint: c}', 'entry 0: expected'),
            ('- a', "entry 0: expected .* got 'a'"),
        ],
    )
    def test_form(self, text, message, tmp_path):
        """What is wrong is said, with the entry's number."""
        (tmp_path / 'list.yaml').write_text(text)
        with pytest.raises(ValueError, match=message):
            read_list(tmp_path / 'list.yaml')

    def test_missing(self, tmp_path):
        """A list that is not there."""
        with pytest.raises(FileNotFoundError, match=r'no\.yaml'):
            read_list(tmp_path / 'no.yaml')
