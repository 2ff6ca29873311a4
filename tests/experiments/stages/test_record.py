"""What is known of a training in stages: what goes on, what is skipped, what is refused."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from dualcenter_mmpose.experiments.stages.chain import Stage, StageError
from dualcenter_mmpose.experiments.stages.record import (
    Start,
    begin,
    decide_start,
    fingerprint,
    finish,
    last_checkpoint,
    read_records,
    stage_folder,
    write_records,
)


def make_stage(number, **config):
    return Stage(number, Path(f'{number}.py'), dict(model=dict(type='A'), train_cfg=dict(max_epochs=2), **config))


def save_checkpoint(folder, number, name='epoch_1.pth'):
    """Leave a checkpoint in a stage's folder as mmengine does, and return its path."""
    where = stage_folder(folder, number)
    where.mkdir(parents=True, exist_ok=True)
    (where / name).write_text('weights')
    (where / 'last_checkpoint').write_text(str(where / name))
    return str(where / name)


def train(folder, records, stage, is_done=True, load_from=None):
    """Note a stage as begun with a checkpoint, and as done; return how it began."""
    start = decide_start(folder, stage, records, load_from)
    begin(records, stage, start)
    save_checkpoint(folder, stage.number)
    if is_done:
        finish(records, stage, folder)
    return start


class TestFiles:
    """The records outlive the process."""

    def test_nothing(self, tmp_path):
        """A folder that does not exist knows nothing, and is not made."""
        assert read_records(tmp_path / 'new') == {}
        assert not (tmp_path / 'new').exists()

    def test_round_trip(self, tmp_path):
        """What was written is read, and nothing else is left."""
        records = {}
        train(tmp_path / 'made', records, make_stage(1))
        write_records(tmp_path / 'made', records)
        assert read_records(tmp_path / 'made') == records
        assert sorted(path.name for path in (tmp_path / 'made').iterdir()) == ['stage1', 'stages.json']

    @pytest.mark.parametrize(
        'text', ['{', '[]', '{}', '{"stages": [1]}', '{"stages": {"1": 1}}', '{"stages": {"1": {}}}']
    )
    def test_not_ours(self, text, tmp_path):
        """Another file of that name is named, with what to do."""
        (tmp_path / 'stages.json').write_text(text)
        with pytest.raises(StageError, match=r'stages\.json.*name another --work-dir'):
            read_records(tmp_path)


class TestFingerprint:
    """Equal for equal configs, by part."""

    def test_order_does_not_matter(self):
        """Of keys; a tuple is a list."""
        one, other = dict(model=dict(a=1, b=(2,))), dict(model=dict(b=[2], a=1))
        assert fingerprint(one) == fingerprint(other)

    @pytest.mark.parametrize('key', ['model', 'train_cfg', 'optim_wrapper', 'param_scheduler'])
    def test_parts(self, key):
        """A part that decides the result changes its own fingerprint alone."""
        changed = fingerprint({key: 1})
        assert [name for name, value in fingerprint({}).items() if changed[name] != value] == [key]

    def test_way_does_not_matter(self):
        """Loaders, hooks and folders may change."""
        assert fingerprint(dict(train_dataloader=dict(num_workers=2), work_dir='a')) == fingerprint({})


class TestLastCheckpoint:
    """mmengine's note, checked."""

    def test_none(self, tmp_path):
        """No folder, no note, an empty note."""
        assert last_checkpoint(tmp_path / 'no') is None
        assert last_checkpoint(tmp_path) is None
        (tmp_path / 'last_checkpoint').write_text('\n')
        assert last_checkpoint(tmp_path) is None

    def test_moved(self, tmp_path):
        """A folder that was moved is read where it is, even if something stands in the old place."""
        save_checkpoint(tmp_path / 'old', 1)
        (tmp_path / 'old').rename(tmp_path / 'new')
        expected = str(tmp_path / 'new' / 'stage1' / 'epoch_1.pth')
        assert last_checkpoint(tmp_path / 'new' / 'stage1') == expected
        save_checkpoint(tmp_path / 'old', 1)
        assert last_checkpoint(tmp_path / 'new' / 'stage1') == expected

    def test_gone(self, tmp_path):
        """A checkpoint that was removed is missed: training from scratch is not what the user asked for."""
        Path(save_checkpoint(tmp_path, 1)).unlink()
        with pytest.raises(StageError, match=r'epoch_1\.pth.*is gone: name another --work-dir, or remove .*stage1'):
            last_checkpoint(tmp_path / 'stage1')


class TestDecideStart:
    """Fresh, on from the last checkpoint, done, or refused."""

    def test_first(self, tmp_path):
        """Nothing before: the config's own initialization."""
        assert decide_start(tmp_path, make_stage(1), {}, None) == Start(False, False, None, None)

    def test_own_weights(self, tmp_path):
        """A file that exists, or an address, which only the runner can check."""
        weights = tmp_path / 'weights.pth'
        weights.touch()
        for name in (str(weights), 'https://zoo/weights.pth'):
            assert decide_start(tmp_path, make_stage(1, load_from=name), {}, None).load_from == name

    def test_second(self, tmp_path):
        """The last checkpoint of the stage before, in place of the one that the config names."""
        records = {}
        train(tmp_path, records, make_stage(1))
        stage = make_stage(2, load_from='work_dirs/elsewhere.pth', previous_stage='1.py')
        start = decide_start(tmp_path, stage, records, None)
        assert start == Start(False, False, str(tmp_path / 'stage1' / 'epoch_1.pth'), records['1']['run'])

    def test_named_by_the_user(self, tmp_path):
        """--load-from goes before the stage before."""
        records = {}
        train(tmp_path, records, make_stage(1))
        weights = tmp_path / 'weights.pth'
        weights.touch()
        assert decide_start(tmp_path, make_stage(2), records, str(weights)).load_from == str(weights)
        with pytest.raises(StageError, match=r"--load-from: checkpoint 'no\.pth' does not exist"):
            decide_start(tmp_path, make_stage(2), records, 'no.pth')

    def test_interrupted(self, tmp_path):
        """Goes on from its last checkpoint, under the same name of its run."""
        records = {}
        train(tmp_path, records, make_stage(1), is_done=False)
        run = records['1']['run']
        start = decide_start(tmp_path, make_stage(1), records, None)
        assert start == Start(False, True, str(tmp_path / 'stage1' / 'epoch_1.pth'), None)
        begin(records, make_stage(1), start)
        assert records['1']['run'] == run

    def test_interrupted_before_the_first_checkpoint(self, tmp_path):
        """Starts anew: there is nothing to go on from."""
        records = {}
        begin(records, make_stage(1), Start(False, False, None, None))
        run = records['1']['run']
        start = decide_start(tmp_path, make_stage(1), records, None)
        assert start == Start(False, False, None, None)
        begin(records, make_stage(1), start)
        assert records['1']['run'] != run

    def test_done(self, tmp_path):
        """Nothing is left to do."""
        records = {}
        train(tmp_path, records, make_stage(1))
        assert decide_start(tmp_path, make_stage(1), records, None).is_done

    def test_removed(self, tmp_path):
        """A stage whose folder was removed is trained again, and what followed it is of another training."""
        records = {}
        for number in (1, 2):
            train(tmp_path, records, make_stage(number))
        (tmp_path / 'stage1').rename(tmp_path / 'away')
        assert not decide_start(tmp_path, make_stage(1), records, None).is_done
        train(tmp_path, records, make_stage(1))
        with pytest.raises(StageError, match='stage 2 started from an earlier training of stage 1: .* remove .*stage2'):
            decide_start(tmp_path, make_stage(2), records, None)

    def test_longer(self, tmp_path):
        """A stage that is not done may be given more epochs on the way; one that is done may not."""
        longer = make_stage(1)
        longer.config['train_cfg'] = dict(max_epochs=4)
        records = {}
        train(tmp_path, records, make_stage(1), is_done=False)
        assert decide_start(tmp_path, longer, records, None).resume
        finish(records, make_stage(1), tmp_path)
        with pytest.raises(StageError, match=r'stage 1 was done with another config \(train_cfg\): .* remove .*stage1'):
            decide_start(tmp_path, longer, records, None)

    @pytest.mark.parametrize('is_done', [True, False])
    @pytest.mark.parametrize('key', ['model', 'optim_wrapper', 'param_scheduler'])
    def test_other_config(self, key, is_done, tmp_path):
        """What the checkpoint carries cannot change, whether the stage is done or only begun."""
        records = {}
        train(tmp_path, records, make_stage(1), is_done=is_done)
        changed = make_stage(1)
        changed.config[key] = dict(type='B')
        status = 'done' if is_done else 'begun'
        with pytest.raises(StageError, match=rf'stage 1 was {status} with another config \({key}\)'):
            decide_start(tmp_path, changed, records, None)

    def test_other_file(self, tmp_path):
        """Another config under the same number."""
        records = {}
        train(tmp_path, records, make_stage(1))
        with pytest.raises(StageError, match=r"stage 1 is '1\.py', not 'other\.py': name another --work-dir"):
            decide_start(tmp_path, make_stage(1)._replace(path=Path('other.py')), records, None)

    def test_other_weights(self, tmp_path):
        """The checkpoint that it started from cannot change either; the same one may be named again."""
        weights = tmp_path / 'weights.pth'
        weights.touch()
        records = {}
        train(tmp_path, records, make_stage(1), load_from=str(weights), is_done=False)
        assert decide_start(tmp_path, make_stage(1), records, str(weights)).resume
        with pytest.raises(StageError, match=r"stage 1 started from '?.*weights\.pth'?, not from 'other\.pth'"):
            decide_start(tmp_path, make_stage(1), records, 'other.pth')

    def test_unknown_training(self, tmp_path):
        """Checkpoints that somebody else left are not overwritten."""
        save_checkpoint(tmp_path, 1)
        with pytest.raises(StageError, match=r'epoch_1\.pth.* is of a training that stages\.json does not know'):
            decide_start(tmp_path, make_stage(1), {}, None)

    def test_previous_not_done(self, tmp_path):
        """A stage waits for the one before."""
        records = {}
        train(tmp_path, records, make_stage(1), is_done=False)
        with pytest.raises(StageError, match='stage 1 is not done: run it before stage 2'):
            decide_start(tmp_path, make_stage(2), records, None)

    def test_previous_gone(self, tmp_path):
        """Its checkpoint was removed, alone or with its folder."""
        records = {}
        train(tmp_path, records, make_stage(1))
        (tmp_path / 'stage1' / 'epoch_1.pth').unlink()
        with pytest.raises(StageError, match='is gone'):
            decide_start(tmp_path, make_stage(2), records, None)
        (tmp_path / 'stage1').rename(tmp_path / 'away')
        with pytest.raises(StageError, match='stage 1 is not done'):
            decide_start(tmp_path, make_stage(2), records, None)

    @pytest.mark.parametrize(
        ('number', 'config', 'message'),
        [
            (2, {}, r"stage 2, '2\.py', builds on an earlier training: run that first"),
            (1, dict(previous_stage='0.py'), 'builds on an earlier training'),
            (
                1,
                dict(load_from='no.pth'),
                r"earlier training, whose checkpoint 'no\.pth' does not exist: .*--load-from",
            ),
        ],
    )
    def test_nothing_before(self, number, config, message, tmp_path):
        """A later stage, and one that names weights, cannot begin without them."""
        with pytest.raises(StageError, match=message):
            decide_start(tmp_path, make_stage(number, **config), {}, None)

    def test_frozen_without_weights(self, tmp_path):
        """A dense network that stays as it is must come from somewhere."""
        frozen = Stage(1, Path('1.py'), dict(model=dict(head=dict(train_dense=False))))
        with pytest.raises(StageError, match='builds on an earlier training'):
            decide_start(tmp_path, frozen, {}, None)

    def test_arguments_stay(self, tmp_path):
        """Records and config are read only."""
        records = {}
        train(tmp_path, records, make_stage(1))
        before, stage = deepcopy(records), make_stage(2)
        decide_start(tmp_path, stage, records, None)
        assert records == before
        assert stage == make_stage(2)


class TestFinish:
    """A stage is done when it has left a checkpoint."""

    def test_last(self, tmp_path):
        """The last of several."""
        records = {}
        train(tmp_path, records, make_stage(1), is_done=False)
        expected = save_checkpoint(tmp_path, 1, 'epoch_2.pth')
        assert finish(records, make_stage(1), tmp_path) == expected
        assert (records['1']['status'], records['1']['checkpoint']) == ('done', expected)

    def test_none(self, tmp_path):
        """Without one the next stage would begin with nothing."""
        records = {}
        begin(records, make_stage(1), Start(False, False, None, None))
        with pytest.raises(StageError, match='stage 1 left no checkpoint'):
            finish(records, make_stage(1), tmp_path)
        assert records['1']['status'] == 'begun'
