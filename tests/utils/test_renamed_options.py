"""Options under old names."""

import inspect

import pytest

from dualcenter_mmpose.utils.renamed_options import accept_old_names, rename_options


class Owner:
    """Has one renamed option."""

    @accept_old_names(colour='color')
    def __init__(self, size, *, color='red'):
        self.size, self.color = size, color


def test_old_name_works_and_says_the_new_one():
    """The value arrives; the warning names owner, old and new name."""
    with pytest.warns(FutureWarning, match="Owner: the option 'colour' is now 'color'"):
        assert Owner(3, colour='blue').color == 'blue'


@pytest.mark.filterwarnings('error')
def test_new_name_is_silent():
    """Who has moved on, or leaves the option out, hears nothing."""
    assert Owner(3, color='blue').color == 'blue'
    assert Owner(3).color == 'red'


def test_both_names():
    """Two values for one option are refused, even equal ones."""
    with pytest.raises(ValueError, match="leave 'colour' out"):
        Owner(3, colour='blue', color='blue')


def test_unknown_names_are_still_refused():
    """Only the old names pass."""
    with pytest.raises(TypeError, match='farbe'):
        Owner(3, farbe='blau')


def test_signature_is_kept():
    """Tools that read signatures see the new names."""
    assert list(inspect.signature(Owner.__init__).parameters) == ['self', 'size', 'color']


def test_options_of_the_caller_are_left_alone():
    """The mapping that was given does not change."""
    given = {'colour': 'blue', 'size': 1}
    with pytest.warns(FutureWarning):
        assert rename_options(given, {'colour': 'color'}, 'Owner') == {'color': 'blue', 'size': 1}
    assert given == {'colour': 'blue', 'size': 1}
