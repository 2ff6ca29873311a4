"""Which configs are the stages of one training."""

from __future__ import annotations

from functools import lru_cache

import pytest
from mmengine.config import Config

from dualcenter_mmpose.experiments.stages.chain import StageError, find_stages, pick_stages
from tests.configs.reduce import CONFIG_FILES

OLD_STYLE = [path for path in CONFIG_FILES if 'lazy' not in path.parts]


load_once = lru_cache(maxsize=None)(Config.fromfile)


def write_configs(folder, **previous):
    """Write empty files and return them with a loader: each names the stage before it, or none."""
    for name in previous:
        (folder / f'{name}.py').touch()

    def load(path):
        before = previous[path.stem]
        return dict(name=path.stem, previous_stage=before and f'{before}.py')

    return [folder / f'{name}.py' for name in previous], load


def names(found):
    return [(stage.number, stage.config['name']) for stage in found]


class TestFindStages:
    """Stages come first to last, numbered from 1."""

    def test_alone(self, tmp_path):
        """A config that names no other is the only stage."""
        paths, load = write_configs(tmp_path, a=None)
        assert names(find_stages(paths, load)) == [(1, 'a')]

    def test_chain(self, tmp_path):
        """c after b after a; the paths are those of the files, wherever the command runs."""
        paths, load = write_configs(tmp_path, a=None, b='a', c='b')
        found = find_stages(paths[2:], load)
        assert names(found) == [(1, 'a'), (2, 'b'), (3, 'c')]
        assert [stage.path for stage in found] == paths

    def test_from_the_middle(self, tmp_path):
        """Later stages are unknown to the config of an earlier one."""
        paths, load = write_configs(tmp_path, a=None, b='a', c='b')
        assert names(find_stages(paths[1:2], load)) == [(1, 'a'), (2, 'b')]

    def test_listed(self, tmp_path):
        """Several configs are the stages in that order, whatever they name; one may stand twice."""
        paths, load = write_configs(tmp_path, a=None, b='a')
        assert names(find_stages([paths[1], paths[0], paths[1]], load)) == [(1, 'b'), (2, 'a'), (3, 'b')]

    def test_circle(self, tmp_path):
        """A chain that comes back to itself has no first stage."""
        paths, load = write_configs(tmp_path, a='b', b='a')
        with pytest.raises(StageError, match=r"b\.py' leads back to '.*a\.py': the stages form a circle"):
            find_stages(paths[:1], load)

    def test_missing(self, tmp_path):
        """Who named the file that does not exist."""
        paths, load = write_configs(tmp_path, b='a')
        with pytest.raises(StageError, match=r"a\.py', named by previous_stage of '.*b\.py', does not exist"):
            find_stages(paths, load)
        with pytest.raises(StageError, match=r"no\.py', named by the command line, does not exist"):
            find_stages([tmp_path / 'no.py'], load)

    @pytest.mark.parametrize('content', ['model = dict(', "_base_ = ['no.py']", 'model = 1 / 0'])
    def test_unreadable(self, content, tmp_path):
        """A config that is no Python, lacks its base or fails names itself."""
        path = tmp_path / 'broken.py'
        path.write_text(content)
        with pytest.raises(StageError, match=r"broken\.py', named by the command line, cannot be read: \w+Error: "):
            find_stages([path], Config.fromfile)

    @pytest.mark.parametrize('path', OLD_STYLE, ids=[path.stem for path in OLD_STYLE])
    def test_every_config(self, path):
        """The chain of every config of the project exists: a stage 2 follows one that trains the dense network."""
        found = find_stages([path], load_once)
        assert found[-1].path == path
        heads = [stage.config.model.head for stage in found]
        if 'previous_stage' in found[-1].config:
            assert 'pose_nets' not in heads[0]
            assert all('pose_nets' in head for head in heads[1:])
            assert [head.get('train_dense', True) for head in heads] == [True, False, True][: len(heads)]
            layouts = {str((head.decoder.get('centers'), head.num_keypoints, head.in_channels)) for head in heads}
            assert len(layouts) == 1, 'weights of one stage must fit the next'
        else:
            assert len(found) == 1


class TestPickStages:
    """Some of the stages, in their order, with their numbers."""

    def test_all(self, tmp_path):
        """Nothing said, all of them."""
        paths, load = write_configs(tmp_path, a=None, b=None)
        found = find_stages(paths, load)
        assert pick_stages(found, None) == found

    def test_some(self, tmp_path):
        """The order of the stages, not of the words."""
        paths, load = write_configs(tmp_path, a=None, b=None, c=None)
        assert names(pick_stages(find_stages(paths, load), [3, 1])) == [(1, 'a'), (3, 'c')]

    def test_unknown(self, tmp_path):
        """A number that no stage has is answered with those that there are."""
        paths, load = write_configs(tmp_path, a=None, b=None)
        with pytest.raises(StageError, match=r'--stages \[0, 3\]: the stages are 1 \(a\.py\), 2 \(b\.py\)'):
            pick_stages(find_stages(paths, load), [0, 2, 3])
