import pytest

from dualcenter_mmpose.utils import locations


def test_configs_of_the_clone():
    """In a clone the configs are those at its root."""
    root = locations.source_tree()
    assert root is not None
    assert (root / 'setup.py').is_file()
    assert locations.configs_folder() == root / 'configs'


def test_configs_of_an_installed_copy(tmp_path, monkeypatch):
    """An installed copy has them where mim looks; without them the remedy is named."""
    package = tmp_path / 'site-packages' / 'dualcenter_mmpose'
    package.mkdir(parents=True)
    monkeypatch.setattr(locations, 'package_folder', lambda: package)
    with pytest.raises(FileNotFoundError, match='pip install'):
        locations.configs_folder()
    (package / '.mim' / 'configs').mkdir(parents=True)
    assert locations.configs_folder() == package / '.mim' / 'configs'
