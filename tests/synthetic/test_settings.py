from __future__ import annotations

from pathlib import Path

import pytest

from dualcenter_mmpose.synthetic.settings import Settings


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
            (Settings(5, layout='ann.json', layout_share=0), 'layout share must be above 0 and at most 1, got 0'),
            (Settings(5, layout='ann.json', layout_share=1.5), 'layout share must be above 0 and at most 1, got 1.5'),
            (Settings(5, layout_share=0.5), r'a layout share \(0.5\) needs a layout'),
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


class TestLayoutTurn:
    """Which images follow the layout, and which of its images."""

    @pytest.mark.parametrize(
        ('share', 'wanted'),
        [
            (1, [0, 1, 2, 3, 4]),
            (0.5, [None, 0, None, 1, None]),
            (0.75, [None, 0, 1, 2, None]),  # floors of 0, 0.75, 1.5, 2.25, 3, 3.75
        ],
    )
    def test_turns(self, share: float, wanted: list[int | None]) -> None:
        """Evenly among the images, and none of the layout's is passed over."""
        settings = Settings(5, layout='ann.json', layout_share=share)
        assert [settings.layout_turn(idx) for idx in range(5)] == wanted

    def test_no_layout(self) -> None:
        """Every image is sampled."""
        assert Settings(5).layout_turn(0) is None


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
        assert Settings(5, layout=str(path), layout_share=0.5).describe()['layout'] == {**one['layout'], 'share': 0.5}
        assert Settings(5, layout=str(path), layout_share=0.5).describe()['size'] == 512
        path.write_text('{"a": 1}')
        assert Settings(5, layout=str(path)).describe() != one
