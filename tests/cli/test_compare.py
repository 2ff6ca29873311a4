"""The comparison: models and results files in one call, failures, going on, and numbers that equal those of others."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from dualcenter import main
from dualcenter_mmpose.cli import compare as tool
from dualcenter_mmpose.experiments.comparison import runs, worker
from dualcenter_mmpose.experiments.comparison.runs import Outcome
from dualcenter_mmpose.experiments.comparison.scoring import score_file
from tests.configs.reduce import ROOT, load_reduced
from tests.helpers import squeeze
from tests.reference.coco_files import coco_content, person, write_coco

SYNTHETIC = ROOT / 'configs' / 'dualcenter' / 'synthetic' / 'dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py'
DEKR = ROOT / 'configs' / 'dekr' / 'synthetic' / 'dekr_hrnet-w16s_1xb8-6e_synthetic-256x256.py'


@pytest.fixture
def data(tmp_path):
    """A tiny data set with images, and a results file that finds one of its three people."""
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 1, (110, 30, 50, 80)), person(3, 2, (40, 10, 80, 120))]
    ann_file = write_coco(tmp_path, coco_content(*people), with_images=True)
    row = dict(image_id=1, category_id=1, keypoints=people[0]['keypoints'], score=1)
    (tmp_path / 'found.json').write_text(json.dumps([row]))
    return tmp_path, ann_file


def run(data, *words):
    folder, ann_file = data
    return main(['compare', '--ann', ann_file, '--work-dir', str(folder / 'work'), *map(str, words)])


class TestRefusals:
    """One line, status 2, nothing written."""

    @pytest.mark.parametrize(
        ('words', 'message'),
        [
            ([], 'nothing to compare'),
            (['--model', 'a', 'a.py', 'a.pth'], '--images must name the folder'),
            (['--results', 'a', 'a.json', '--batches', '0'], '--batches must be at least 1'),
            (['--list', 'no.yaml'], "'no.yaml' does not exist"),
            (['--results', 'a', 'a.json', '--available'], '--available needs --images'),
        ],
    )
    def test_words(self, words, message, data, capsys):
        assert run(data, *words) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith('dualcenter compare: error: ')
        assert message in printed.err
        assert printed.err.count('\n') == 1
        assert not (data[0] / 'work').exists()

    def test_images(self, data, capsys):
        """An image that is not there is found before a model is started."""
        (data[0] / '2.png').unlink()
        assert run(data, '--model', 'a', 'a.py', 'a.pth', '--images', data[0]) == 2
        assert '2.png' in capsys.readouterr().err


def test_report(data, capsys, monkeypatch):
    """Failed entries are named, the others shown; JSON, Markdown and pictures are there."""
    curve = dict(recall=[0.0], precision=[1.0])
    numbers = {name: dict(All=1.0, S=2.0, M=3.0, L=4.0) for name in ('BBP', 'BBR')}
    scores = dict(keypoints={'AP': 1.0}, boxes=dict(tool=numbers, bbox=numbers), curves=dict(keypoints=curve, boxes={}))

    def fake(entry, *_):
        bad = entry.name == 'bad'
        return Outcome(entry, None, 'ValueError: x') if bad else Outcome(entry, dict(scores=scores, costs=None))

    monkeypatch.setattr(tool, 'run_entry', fake)
    found = str(data[0] / 'found.json')
    assert run(data, '--results', 'bad', found, '--results', 'good', found, '--paper', 'coco') == 1
    printed = capsys.readouterr().out
    assert '== bad: ValueError: x\n== good: done\n' in printed
    work = data[0] / 'work'
    markdown = squeeze((work / 'comparison.md').read_text())
    for text in (
        'bad failed: ValueError: x',
        '| good | 1.00',
        'Ours (HRNet-W32, 512 px), as printed',
        '![bars](bars.png)',
    ):
        assert text in markdown
    content = json.loads((work / 'comparison.json').read_text())
    assert [entry['error'] for entry in content['entries']] == ['ValueError: x', None]
    assert content['ceiling']['tool']['BBR']['All'] == 100
    assert content['paper'][3]['doubtful']
    assert not list(work.glob('*partial*'))


def test_available(data, capsys, monkeypatch):
    """With one of two images gone, the other is compared; without the option the gone one is an error."""
    folder, _ = data
    (folder / '2.png').unlink()
    assert run(data, '--results', 'a', folder / 'found.json', '--images', folder, '--available') == 0
    content = json.loads((folder / 'work' / 'comparison.json').read_text())
    assert content['entries'][0]['record']['scores']['boxes']['tool']['BBR']['All'] == 50  # one of two people
    assert 'the images that are there' in (folder / 'work' / 'comparison.md').read_text()


@pytest.fixture
def trained(data):
    """Reduced configs of ours and of DEKR on disk with checkpoints of random weights."""
    folder, ann_file = data
    for name, source in (('ours', SYNTHETIC), ('dekr', DEKR)):
        config = load_reduced(source, ann_file, str(folder))
        config.launcher, config.work_dir = 'none', str(folder / 'first')
        config.dump(folder / f'{name}.py')
        config.randomness = dict(seed=5)  # else the runner draws one; with some weights DEKR finds nobody
        runner = Runner.from_cfg(config)
        for parameter in runner.model.head.parameters():
            parameter.data.mul_(3)  # so that scores differ and poses are large
        torch.save(dict(state_dict=runner.model.state_dict(), meta={}), folder / f'{name}.pth')
    return folder, ann_file


@pytest.mark.slow
def test_models_and_files(trained, monkeypatch):
    """Ours, DEKR and a results file in one call, beside one that fails; the same call again does what is left."""
    folder, ann_file = trained
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    words = ['--images', folder, '--workers', '0', '--repeats', '1', '--batches', '1', '2']
    for name in ('ours', 'dekr'):
        words += ['--model', name, folder / f'{name}.py', folder / f'{name}.pth']
    words += ['--model', 'costs', folder / 'dekr.py', 'none', '--results', 'file', folder / 'found.json']
    wrong = ['--model', 'wrong', folder / 'dekr.py', folder / 'ours.pth']
    start = runs._start_worker
    # Starting a process takes longer than what it does here: the others are worked on in this one.
    monkeypatch.setattr(
        runs,
        '_start_worker',
        lambda job, folder, *rest: start(job, folder, *rest) if folder.name in ('ours', 'wrong') else work_here(job),
    )
    assert run(trained, *wrong, *words) == 1
    content = json.loads((folder / 'work' / 'comparison.json').read_text())
    entries = {entry['name']: entry for entry in content['entries']}
    assert {name for name, entry in entries.items() if entry['error']} == {'wrong'}
    assert 'does not fit the config' in entries['wrong']['error']
    costs = {name: entries[name]['record']['costs'] for name in ('ours', 'dekr', 'costs')}
    assert list(costs['ours']['images_per_second']) == ['1', '2']
    assert list(costs['dekr']['images_per_second']) == ['1']
    assert 'only supports' in costs['dekr']['notes'][0]
    assert entries['costs']['record']['scores'] is None
    assert min(cost['peak_mib'] for cost in costs.values()) > 0
    for name in ('ours', 'dekr'):
        check_numbers(folder, ann_file, name, entries[name]['record']['scores'])
    times = {path: path.stat().st_mtime_ns for path in (folder / 'work' / 'entries').rglob('record.json')}
    assert len(times) == 4
    assert run(trained, *words) == 0
    again = {path: path.stat().st_mtime_ns for path in (folder / 'work' / 'entries').rglob('record.json')}
    assert times == again


def work_here(job):
    with contextlib.suppress(Exception):
        worker.work(dict(job))


def check_numbers(folder, ann_file, name, scores):
    """Compare with the config's own metrics, tested by mmengine as usual, and with `dualcenter score`.

    People are invented where random weights see some, or all numbers were 0.
    """
    results = str(folder / 'work' / 'entries' / name / 'results.keypoints.json')
    assert scores == score_file(ann_file, results)
    truth = str(folder / f'{name}_truth.json')
    Path(truth).write_text(json.dumps(invent_people(json.loads(Path(ann_file).read_text()), results)))
    ours = score_file(truth, results)
    config = load_reduced(SYNTHETIC if name == 'ours' else DEKR, truth, str(folder))
    config.launcher, config.work_dir, config.load_from = 'none', str(folder / 'again'), str(folder / f'{name}.pth')
    theirs = Runner.from_cfg(config).test()
    assert 0 < theirs['coco/AP'] < 1
    assert 0 < theirs['bbox/BBP'] < 1
    for key, value in ours['keypoints'].items():
        assert theirs[f'coco/{key}'] == pytest.approx(-1 if value is None else value / 100, abs=1e-12)
    for number in ('BBP', 'BBR'):
        for subset, value in ours['boxes']['tool'][number].items():
            key = f'bbox/{number}' + ('' if subset == 'All' else f' ({subset})')
            assert theirs[key] == pytest.approx(-1 if value is None else value / 100, abs=1e-12)
    for source in ('tool', 'bbox'):
        out = folder / 'scored.json'
        assert main(['score', truth, results, '--area-source', source, '--out', str(out)]) == 0
        for key in ('BBP', 'BBR'):
            assert json.loads(out.read_text())[key] == ours['boxes'][source][key]


def invent_people(content, results):
    """Return annotations of every third predicted pose."""
    rows = sorted(json.loads(Path(results).read_text()), key=lambda row: row['score'])[1::3]
    content['annotations'] = []
    for number, row in enumerate(rows, start=1):
        keypoints = np.array(row['keypoints']).reshape(-1, 3)
        keypoints[:, :2] = keypoints[:, :2].round()
        near, far = keypoints[:, :2].min(0), keypoints[:, :2].max(0)
        box = tuple(float(v) for v in (*near, *(far - near + 1)))
        keypoints[:, 2] = 2
        found = person(number, row['image_id'], box)
        content['annotations'].append({**found, 'keypoints': keypoints.ravel().tolist()})
    return content
