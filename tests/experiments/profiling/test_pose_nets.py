"""What the pose-level networks have learned: the measures, by hand, and the way from a model to them."""

import math

import pytest
import torch
from mmengine.config import Config

from dualcenter_mmpose.experiments.profiling import pose_nets as tool
from tests.configs.reduce import ROOT, load_reduced
from tests.helpers import build_model
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
    """The area under the ROC curve of similarity, pairs of one image only."""

    def test_by_hand(self):
        """Similarity of the pair of one person 0.6; of the two others 0 and 0.8: half of the comparisons are right."""
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


STAGE1 = STAGE2.with_name('dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py')


class TestMeasurePoseNets:
    """From a config and a checkpoint to measures."""

    @pytest.fixture
    def config(self, tmp_path):
        """A reduced config whose data set is wrapped in another; of three images the third has nobody."""
        people = [person(1, 1, (20, 20, 60, 90)), person(2, 2, (40, 10, 80, 120))]
        ann_file = write_coco(tmp_path, coco_content(*people), with_images=True)
        config = load_reduced(STAGE2, ann_file, str(tmp_path))
        data = config.train_dataloader.dataset
        config.train_dataloader.dataset = dict(type='RepeatDataset', times=3, dataset=data)
        config.model.head.decoder.decoding = dict(candidate_thr=-1.0)  # an untrained network has hardly a peak
        config.dump(tmp_path / 'config.py')
        return Config.fromfile(tmp_path / 'config.py')

    def test_all_measures(self, config, tmp_path):
        """Of all three networks, over each image once."""
        torch.save(dict(state_dict=build_model(config.model).state_dict()), tmp_path / 'model.pth')
        num_images, measures = tool.measure_pose_nets(config, tmp_path / 'model.pth')
        assert num_images == 2  # the third has nobody to compare with
        assert measures['candidates'] > 2
        assert {name.split(':')[0] for name in measures if ':' in name} == {'confidence', 'similarity', 'refinement'}

    def test_checkpoint_of_stage_1(self, config, tmp_path):
        """Numbers of networks that nobody trained are refused; mmengine's loader would only note it in its log."""
        dense = {**config.model, 'head': {**config.model.head, 'pose_nets': None, 'train_dense': True}}
        torch.save(dict(state_dict=build_model(dense).state_dict()), tmp_path / 'stage1.pth')
        with pytest.raises(ValueError, match=r'stage1\.pth.*lacks \d+ weights \(head\.pose_nets'):
            tool.measure_pose_nets(config, tmp_path / 'stage1.pth')

    def test_config_of_stage_1(self, tmp_path):
        """A model without these networks is named as such."""
        with pytest.raises(ValueError, match='no pose-level networks'):
            tool.measure_pose_nets(Config.fromfile(STAGE1), tmp_path / 'unread.pth')
