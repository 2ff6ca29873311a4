import pytest

from dualcenter_mmpose.utils.deprecation import rename_keys, renamed_arguments


class Thing:
    """Something with a renamed argument."""

    @renamed_arguments(hue='color')
    def __init__(self, size, color='red'):
        self.size, self.color = size, color


class TestRenamedArguments:
    """Old names of a constructor's arguments."""

    def test_old_name(self):
        """It arrives under the new name, with a warning that tells it."""
        with pytest.warns(FutureWarning, match="Thing: 'hue' is now called 'color'"):
            assert Thing(3, hue='blue').color == 'blue'

    def test_new_name(self, recwarn):
        """Nothing is said; unknown names are refused as ever."""
        assert Thing(3, color='blue').color == 'blue'
        assert not recwarn.list
        with pytest.raises(TypeError, match='colour'):
            Thing(3, colour='blue')

    def test_both_names(self):
        """Which of the two was meant is not guessed."""
        with pytest.raises(ValueError, match="'color' and its old name 'hue'"):
            Thing(3, color='red', hue='blue')


def test_rename_keys_leaves_its_argument():
    """The settings given stay as they are."""
    given = dict(old=1, other=2)
    with pytest.warns(FutureWarning):
        assert rename_keys(given, dict(old='new'), 'it') == dict(new=1, other=2)
    assert given == dict(old=1, other=2)
