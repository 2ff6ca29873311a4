"""OCHuman in its own format, from the annotation file through the test configs to the metrics; COCO's areas."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from dualcenter_mmpose.types import TrainingCandidates
from tests.configs.reduce import walk
from tests.datasets.public_sets import (
    CONFIGS,
    OCHUMAN_PEOPLE,
    encoded_samples,
    evaluate,
    labelled_people,
    ochuman_content,
    reduced_config,
    tool_oks,
)
from tests.reference.coco_files import write_coco

STAGE_1 = 'ochuman/dualcenter_hrnet-w32_8xb10-140e_coco_ochuman-512x512.py'
STAGE_2 = 'ochuman/dualcenter_hrnet-w32_stage2_8xb10-20e_coco_ochuman-512x512.py'


@pytest.fixture(scope='module')
def ann_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of the annotation file; its images lie beside it."""
    return write_coco(tmp_path_factory.mktemp('ochuman'), ochuman_content(), with_images=True)


def people(image_id: int) -> np.ndarray:
    return labelled_people(OCHUMAN_PEOPLE, image_id)


class TestFile:
    """What the file looks like to the data set."""

    def test_format(self, ann_file: str) -> None:
        """Compressed regions, areas of boxes, no crowd, as in the public file."""
        annotations = json.loads(Path(ann_file).read_text())['annotations']
        assert all(isinstance(a['segmentation']['counts'], str) for a in annotations)
        assert [a['area'] for a in annotations] == [64000, 75600, 9900, 8000]
        assert [a['num_keypoints'] for a in annotations] == [17, 16, 17, 9]

    @pytest.mark.parametrize('name', [STAGE_1, STAGE_2])
    def test_files_of_the_configs(self, name: str) -> None:
        """Validation and test data and metrics name OCHuman's two files, training data COCO's."""
        config = Config.fromfile(CONFIGS / name)
        for split in ('val', 'test'):
            file = f'ochuman_coco_format_{split}_range_0.00_1.00.json'
            parts = walk(config[f'{split}_dataloader'].dataset) + walk(config[f'{split}_evaluator'])
            named = [node['ann_file'] for node in parts if 'ann_file' in node]
            assert len(named) == 3
            assert all(path.endswith(file) for path in named)
        assert 'person_keypoints_train2017' in config.train_dataloader.dataset.ann_file


class TestMetrics:
    """The test configs' two metrics on their own data sets."""

    @pytest.mark.parametrize('split', ['val', 'test'])
    @pytest.mark.parametrize('name', [STAGE_1, STAGE_2])
    def test_truth(self, ann_file: str, name: str, split: str) -> None:
        """The truth scores 1; boxes as worked out by hand.

        Keypoints run from corner to corner of the boxes, so that every tight box is the person's own. Half of the
        people are over 128^2 px, half between 64^2 and 128^2 px, by the annotated area as by the box, which it equals.
        """
        results = evaluate(reduced_config(name, ann_file), split, people)
        for key in ('AP', 'AP .5', 'AP .75', 'AR', 'AP (L)'):
            assert results[f'coco/{key}'] == 1, key
        for key in ('BBP', 'BBR', 'BBP (M)', 'BBR (M)', 'BBP (L)', 'BBR (L)', 'BBR (L, bbox)', 'BBR (M, bbox)'):
            assert results[f'bbox/{key}'] == pytest.approx(1), key
        assert results['bbox/BBR (S)'] == results['bbox/BBR (S, bbox)'] == -1

    def test_moved_people(self, ann_file: str) -> None:
        """People of the second image 12 px off lower the AP; the large ones, of the first, are all found."""
        results = evaluate(reduced_config(STAGE_2, ann_file), 'test', lambda i: people(i) + (12 if i == 2 else 0))
        assert 0.4 < results['coco/AP'] < 0.9
        assert results['bbox/BBR (L)'] == 1

    def test_swapped_people(self, ann_file: str) -> None:
        """Predictions of one image in the other are wrong."""
        results = evaluate(reduced_config(STAGE_2, ann_file), 'test', lambda i: people(3 - i))
        assert results['coco/AP'] < 0.1


class TestArea:
    """The size of a person is the annotation's area: OCHuman's is that of the box, COCO's that of the region."""

    COCO = 'coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py'

    @pytest.fixture(scope='class')
    def coco_file(self, tmp_path_factory: pytest.TempPathFactory) -> str:
        """Return the path of the same people with half of their boxes as areas."""
        content = ochuman_content()
        for annotation in content['annotations']:
            annotation['area'] /= 2
        return write_coco(tmp_path_factory.mktemp('coco'), content, with_images=True)

    @pytest.mark.parametrize(('file', 'share'), [('ann_file', 1), ('coco_file', 0.5)])
    def test_packed(self, file: str, share: float, request: pytest.FixtureRequest) -> None:
        """64000, 75600, 9900 and 8000 px^2 are as many sixteenths in cells^2."""
        codec, samples = encoded_samples(self.COCO, request.getfixturevalue(file))
        areas = codec.unpack(samples).areas
        np.testing.assert_allclose(areas, np.array([[4000, 4725], [618.75, 500]]) * share, rtol=1e-6)

    @pytest.mark.parametrize(('file', 'share'), [('ann_file', 1), ('coco_file', 0.5)])
    def test_in_the_confidence_target(self, file: str, share: float, request: pytest.FixtureRequest) -> None:
        """An ankle 20 px off: OKS (16 + exp(-20^2 / (2 (2 * 0.089)^2 area))) / 17; crooked poses as the tool has it."""
        path = request.getfixturevalue(file)
        codec, samples = encoded_samples(self.COCO, path)
        poses = people(2)
        poses[0, 16, 1] += 20
        expected = (16 + math.exp(-(20**2) / (2 * 0.178**2 * 9900 * share))) / 17
        poses[1] += np.random.default_rng(1).normal(0, 6, poses[1].shape)
        cells = torch.from_numpy((poses[None] + 0.5) / 4 - 0.5).float()
        candidates = TrainingCandidates(cells, cells[:, :, 0].long(), torch.ones(1, 2, dtype=torch.bool))
        found = codec.match(candidates, codec.unpack(samples[1:]), 0.3).oks[0]
        assert found[0].item() == pytest.approx(expected, abs=1e-6)
        oks = tool_oks(path, 2, poses, 'keypoints', codec.layout.oks_sigmas, use_area=True)
        np.testing.assert_allclose(found, oks.max(axis=1), atol=1e-5)
        assert 0.2 < found[1] < 0.95
