from __future__ import annotations

from pathlib import Path

import pytest

from dualcenter_mmpose.datasets.synthetic.settings import Settings


class TestCheck:
    """Wrong settings are named with what was expected."""

    @pytest.mark.parametrize(
        ('settings', 'message'),
        [
            (Settings(0), 'images must be between 1 and .* got 0'),
            (Settings(5, seed=-1), 'seed must be between 0 and .* got -1'),
            (Settings(5, num_val_images=6), 'val images must be between 0 and 5, got 6'),
            (Settings(5, size=32), 'size must be between 64 and 4096, got 32'),
            (Settings(5, people=(3, 2)), r'people must be .* got \(3, 2\)'),
            (Settings(5, people=(0, 2)), r'people must be .* got \(0, 2\)'),
            (Settings(5, people=(1, 2), layout='ann.json'), 'either people or a layout'),
        ],
    )
    def test_bad(self, settings: Settings, message: str) -> None:
        """One message each."""
        with pytest.raises(ValueError, match=message):
            settings.check()

    def test_good(self) -> None:
        """Defaults, and the ends of the ranges, pass."""
        Settings(1).check()
        Settings(5, seed=2**63, num_val_images=5, size=64, people=(60, 60)).check()


class TestNumVal:
    """A tenth unless given."""

    @pytest.mark.parametrize(('images', 'given', 'wanted'), [(9, None, 0), (25, None, 2), (25, 0, 0), (25, 7, 7)])
    def test_values(self, images: int, given: int | None, wanted: int) -> None:
        """Rounded down."""
        assert Settings(images, num_val_images=given).num_val == wanted


class TestDescribe:
    """What decides the contents, and nothing of this machine."""

    def test_layout(self, tmp_path: Path) -> None:
        """Name and digest of the layout, not its folder; another content is another description."""
        path = tmp_path / 'ann.json'
        path.write_text('{}')
        one = Settings(5, layout=str(path)).describe()
        assert str(tmp_path) not in str(one)
        assert one['layout']['file'] == 'ann.json'
        assert one['size'] is None
        path.write_text('{"a": 1}')
        assert Settings(5, layout=str(path)).describe() != one
