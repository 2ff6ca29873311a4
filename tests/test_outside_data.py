"""Where tests look for data that the repository does not hold."""

from __future__ import annotations

import pytest

from tests import outside_data

WORDS = ('DUALCENTER_SOME_DATA', 'data/some', 'some data (docs/some.md)')


class TestFindOutsideData:
    """The variable first, then the folder below the root."""

    def test_variable(self, tmp_path, monkeypatch):
        """What the variable names, though the folder below the root exists, too."""
        (tmp_path / 'data' / 'some').mkdir(parents=True)
        monkeypatch.setattr(outside_data, 'ROOT', tmp_path)
        monkeypatch.setenv(WORDS[0], str(tmp_path))
        assert outside_data.find_outside_data(*WORDS) == tmp_path

    @pytest.mark.parametrize('value', [None, ''])
    def test_below_the_root(self, tmp_path, monkeypatch, value):
        """Without the variable, or with nothing in it."""
        (tmp_path / 'data' / 'some').mkdir(parents=True)
        monkeypatch.setattr(outside_data, 'ROOT', tmp_path)
        monkeypatch.delenv(WORDS[0], raising=False)
        if value is not None:
            monkeypatch.setenv(WORDS[0], value)
        assert outside_data.find_outside_data(*WORDS) == tmp_path / 'data' / 'some'

    def test_absent(self, tmp_path, monkeypatch):
        """The test is skipped, and the reason says what is missing, where, and how to name another place."""
        monkeypatch.setenv(WORDS[0], str(tmp_path / 'nowhere'))
        with pytest.raises(pytest.skip.Exception) as skipped:
            outside_data.find_outside_data(*WORDS)
        for told in ('some data', str(tmp_path / 'nowhere'), WORDS[0]):
            assert told in str(skipped.value)
