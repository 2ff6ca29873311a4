"""What the pose-level networks have learned: the measures, by hand, and the way from a model to them."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from dualcenter_mmpose.cli import check_nets as tool
from tests.configs.reduce import ROOT, load_reduced
from tests.reference.coco_files import coco_content, person, write_coco

STAGE2 = ROOT / 'configs/dualcenter/synthetic/dualcenter_hrnet-w16s_stage2_1xb8-6e_synthetic-256x256.py'


def image(oks, identities, **others):
    return dict(oks=torch.tensor(oks), identities=torch.tensor(identities), **others)


class TestSummarize:
    """Numbers over all images together, in the order that they come."""

    def test_confidence(self):
        """Ranks 1 2 3 4 against 2 1 3 4: Spearman 1 - 6 * 2 / (4 * 15) = 0.8."""
        images = [
            image([0.1, 0.2], [-1, -1], confidences=torch.tensor([0.3, 0.2])),
            image([0.5, 0.9], [0, 1], confidences=torch.tensor([0.6, 0.8])),
        ]
        measures = tool.summarize(images)
        assert measures['candidates'] == 4
        assert measures['candidates of a person'] == 2
        assert measures['confidence: Spearman with OKS'] == pytest.approx(0.8)
        assert measures['confidence: mean |error|'] == pytest.approx((0.2 + 0 + 0.1 + 0.1) / 4)

    def test_equally_wrong(self):
        """Ranks 1 2 3 against 2 1 3: 1 - 6 * 2 / (3 * 8) = 0.5; above 0.01 there are two, in the right order: 1."""
        measures = tool.summarize([image([0.001, 0.5, 0.9], [-1, 0, 1], confidences=torch.tensor([0.6, 0.2, 0.8]))])
        assert measures['confidence: Spearman with OKS'] == pytest.approx(0.5)
        assert measures['confidence: Spearman, OKS > 0.01'] == pytest.approx(1)

    def test_refinement_of_persons_alone(self):
        """A false alarm has nothing to be refined to."""
        images = [image([0.0, 0.5, 0.7], [-1, 0, 0], refined_oks=torch.tensor([0.4, 0.6, 1.0]))]
        measures = tool.summarize(images)
        assert measures['refinement: mean OKS of persons before'] == pytest.approx(0.6)
        assert measures['refinement: mean OKS of persons after'] == pytest.approx(0.8)

    def test_absent_networks(self):
        """Are not spoken of."""
        assert not [name for name in tool.summarize([image([0.1, 0.2], [-1, -1])]) if ':' in name]

    def test_nobody(self):
        """Without candidates there is nothing to measure."""
        with pytest.raises(ValueError, match='fewer than two candidates'):
            tool.summarize([image([], [])])


class TestPairRanking:
    """The area under the ROC curve of likeness, pairs of one image only."""

    def test_by_hand(self):
        """Likeness of the pair of one person 0.6; of the two others 0 and 0.8: half of the comparisons are right."""
        embeddings = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
        found = image([0.9] * 3, [0, 0, 1], embeddings=embeddings)
        assert tool.pair_ranking([found]) == (pytest.approx(0.5), 1, 2)

    def test_nobodys_candidates_do_not_count(self):
        """Without a second person there is nobody to be told apart."""
        found = image([0.9, 0.9, 0.1], [0, 0, -1], embeddings=torch.eye(3))
        ranking, *counts = tool.pair_ranking([found])
        assert math.isnan(ranking)
        assert counts == [1, 0]

    def test_images_are_apart(self):
        """Person 0 of one image and person 0 of the next are no pair."""
        found = image([0.9], [0], embeddings=torch.ones(1, 1))
        assert tool.pair_ranking([found, found])[1:] == (0, 0)


def run_tool(monkeypatch, *words):
    monkeypatch.setattr('sys.argv', ['check_pose_nets.py', *map(str, words)])
    return tool.main()


def test_from_a_config(tmp_path, monkeypatch, capsys):
    """A config and a checkpoint of its model give all measures, also where the data set is wrapped in another."""
    people = [person(1, 1, (20, 20, 60, 90)), person(2, 2, (40, 10, 80, 120))]
    ann_file = write_coco(tmp_path, coco_content(*people), with_images=True)
    config = load_reduced(STAGE2, ann_file, str(tmp_path))
    data = config.train_dataloader.dataset
    config.train_dataloader.dataset = dict(type='RepeatDataset', times=3, dataset=data)
    config.model.head.decoder.decoding = dict(candidate_thr=-1.0)  # an untrained network has hardly a peak
    path = tmp_path / 'config.py'
    config.dump(path)
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model = tool.MODELS.build(Config.fromfile(path).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')
    assert run_tool(monkeypatch, path, tmp_path / 'model.pth', '--out', tmp_path / 'out.json', '--device', 'cpu') == 0
    printed = capsys.readouterr().out
    assert '2 images of the val split' in printed  # the third has nobody to compare with
    assert 'confidence: Spearman with OKS' in printed
    assert 'refinement: mean OKS of persons after' in printed
    assert (tmp_path / 'out.json').is_file()


def test_stage_1(tmp_path, monkeypatch, capsys):
    """A model without these networks is named as such."""
    (tmp_path / 'model.pth').touch()
    stage1 = STAGE2.with_name('dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py')
    assert run_tool(monkeypatch, stage1, tmp_path / 'model.pth') == 2
    assert 'no pose-level networks' in capsys.readouterr().err


def test_missing_file(tmp_path, monkeypatch, capsys):
    """The missing file is named."""
    assert run_tool(monkeypatch, STAGE2, tmp_path / 'none.pth') == 2
    assert 'none.pth' in capsys.readouterr().err
