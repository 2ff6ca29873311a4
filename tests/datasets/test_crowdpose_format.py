"""CrowdPose in its own format, from the annotation file through the configs to targets and metrics."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from dualcenter_mmpose.codecs.center_groups import locate_centers
from dualcenter_mmpose.types import TrainingCandidates
from tests.datasets.public_sets import (
    CROWDPOSE_NAMES,
    CROWDPOSE_PEOPLE,
    crowdpose_content,
    encoded_samples,
    evaluate,
    labelled_people,
    reduced_config,
    tool_oks,
)
from tests.reference.coco_files import write_coco

STAGE_1 = 'crowdpose/dualcenter_hrnet-w32_8xb10-300e_crowdpose-512x512.py'
STAGE_2 = 'crowdpose/dualcenter_hrnet-w32_stage2_8xb10-20e_crowdpose-512x512.py'
HARD_IMAGE = 110001


@pytest.fixture(scope='module')
def ann_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of the annotation file; its images lie beside it."""
    return write_coco(tmp_path_factory.mktemp('crowdpose'), crowdpose_content(), with_images=True)


@pytest.fixture(scope='module')
def encoded(ann_file: str) -> tuple:
    """Return stage 2's codec and its samples of the three images."""
    return encoded_samples(STAGE_2, ann_file)


def people(image_id: int) -> np.ndarray:
    return labelled_people(CROWDPOSE_PEOPLE, image_id)


class TestFile:
    """What the file looks like to the data set."""

    def test_format(self, ann_file: str) -> None:
        """The file has what the public one has and lacks what it lacks."""
        content = json.loads(Path(ann_file).read_text())
        assert all('crowdIndex' in image for image in content['images'])
        assert not any({'area', 'segmentation'} & annotation.keys() for annotation in content['annotations'])
        assert [a['num_keypoints'] for a in content['annotations']] == [12, 11, 0, 12, 12, 0, 8]

    @pytest.mark.parametrize('head', ['top_head', 'head'])
    def test_either_name_of_the_head(self, tmp_path: Path, head: str) -> None:
        """Some copies of the file say 'head' where MMPose says 'top_head': both are read."""
        names = [head if name == 'top_head' else name for name in CROWDPOSE_NAMES]
        path = write_coco(tmp_path, crowdpose_content(names), with_images=True)
        assert evaluate(reduced_config(STAGE_2, path), 'val', people)['crowdpose/AP'] == 1


class TestMetrics:
    """The config's two metrics on its own data set."""

    def test_truth(self, ann_file: str) -> None:
        """The truth scores 1 in all, easy, medium and hard images; boxes as worked out by hand.

        By 0.53 of the box (8904 px) five people are medium, two small. The tight box of all keypoints covers 0.82 of
        the standing person's, 0.67 without the top of the head, 0.43 without legs. Neither the person with only head
        and neck nor the one without keypoints is found. By box area (16800 px) the five are large.
        """
        results = evaluate(reduced_config(STAGE_2, ann_file), 'test', people)
        for name in ('AP', 'AP .5', 'AP .75', 'AR', 'AP(E)', 'AP(M)', 'AP(H)'):
            assert results[f'crowdpose/{name}'] == 1, name
        assert results['bbox/BBR'] == pytest.approx(4 / 7)
        assert results['bbox/BBR (S)'] == 0
        assert results['bbox/BBR (M)'] == pytest.approx(4 / 5)
        assert results['bbox/BBR (L)'] == -1
        assert results['bbox/BBR (M, bbox)'] == -1
        assert results['bbox/BBR (L, bbox)'] == pytest.approx(4 / 5)

    def test_moved_people(self, ann_file: str) -> None:
        """People 15 px off in the hard image lower its AP and the whole, not those of the other images."""
        results = evaluate(
            reduced_config(STAGE_2, ann_file), 'val', lambda i: people(i) + (15 if i == HARD_IMAGE else 0)
        )
        assert results['crowdpose/AP(E)'] == results['crowdpose/AP(M)'] == 1
        assert 0 <= results['crowdpose/AP(H)'] < 0.5
        assert results['crowdpose/AP(H)'] < results['crowdpose/AP'] < 1


class TestCenters:
    """The config's centers."""

    def test_by_hand(self, encoded: tuple) -> None:
        """Head: mean of top of the head and neck. Body: between the middles of shoulders and hips."""
        assert self.centers(encoded, 0) == [[(141, 82), (140, 136)]]

    def test_partly_labelled(self, encoded: tuple) -> None:
        """Without top of the head the neck; of one hip (304, 260) and the shoulders' (290, 210) the middle."""
        assert self.centers(encoded, 1) == [[(288, 200), (297, 235)]]

    def test_head_and_neck_alone(self, encoded: tuple) -> None:
        """They have a head and no body, though the file counts no keypoint; without legs there are both."""
        standing = [[(151, 102), (150, 156)], [(171, 112), (170, 166)]]
        assert self.centers(encoded, 2) == [*standing, [(391, 132), None], [(441, 402), (440, 456)]]

    def centers(self, encoded: tuple, index: int) -> list[list[tuple[float, float] | None]]:
        """Return head and body centers of an image's people, image px."""
        codec, samples = encoded
        instances = codec.unpack([samples[index]])
        found = locate_centers(
            codec.center_groups, codec.members, instances.keypoints, instances.labelled, instances.box_centers
        )
        points = (found.points + 0.5) * 4 - 0.5
        return [
            [tuple(round(v, 3) for v in point.tolist()) if valid else None for point, valid in zip(*person)]
            for person in zip(points[0], found.valid[0])
        ]

    def test_maps(self, encoded: tuple) -> None:
        """14 keypoints and two centers; the head's map peaks where the head is, with all displacements beside it."""
        codec, samples = encoded
        targets = codec.make_targets(codec.unpack(samples[:1]))
        assert targets.heatmaps.shape == (1, 16, 128, 128)
        assert targets.displacements.shape == (1, 56, 128, 128)
        for channel, (x, y) in ((14, (141, 82)), (15, (140, 136))):
            row, column = divmod(targets.heatmaps[0, channel].argmax().item(), 128)
            assert abs((column + 0.5) * 4 - 0.5 - x) <= 2
            assert abs((row + 0.5) * 4 - 0.5 - y) <= 2

    def test_only_people_without_keypoints_are_masked(self, encoded: tuple) -> None:
        """The 40 px box at (400, 20), without a region, is 10 cells square; head and neck alone mask nothing."""
        codec, samples = encoded
        masks = codec.unpack(samples).valid_mask
        assert masks[0].all()
        assert masks[2].all()
        rows, columns = torch.nonzero(~masks[1], as_tuple=True)
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (5, 15, 100, 110)


class TestArea:
    """The size of a person is 0.53 of its box."""

    @pytest.mark.parametrize('config', [STAGE_1, STAGE_2])
    def test_packed(self, ann_file: str, config: str) -> None:
        """84 x 200 px give 8904 px^2, 556.5 cells^2 of 16 px^2, also where the image ends; at 2S likewise."""
        codec, samples = encoded_samples(config, ann_file)
        areas = codec.unpack(samples).areas
        np.testing.assert_allclose(areas[:, 0], [556.5] * 3, rtol=1e-6)
        # 44 x 80 px of head and neck: 1865.6 px^2.
        np.testing.assert_allclose(areas[2], [556.5, 556.5, 116.6, 556.5], rtol=1e-6)

    def test_in_the_confidence_target(self, encoded: tuple) -> None:
        """Top of the head 20 px off: OKS (13 + exp(-20^2 / (2 (2 * 0.079)^2 8904))) / 14."""
        pose = people(103319)
        pose[0, CROWDPOSE_NAMES.index('top_head'), 0] += 20
        expected = (13 + math.exp(-(20**2) / (2 * 0.158**2 * 8904))) / 14
        assert self.confidence_targets(encoded, 0, pose).tolist() == pytest.approx([expected], abs=1e-6)

    def test_as_the_tool(self, encoded: tuple, ann_file: str) -> None:
        """The targets of crooked poses are what the evaluation will say of them."""
        codec, _ = encoded
        pose = people(HARD_IMAGE)
        pose += np.random.default_rng(0).normal(0, 8, pose.shape)
        oks = tool_oks(ann_file, HARD_IMAGE, pose, 'keypoints_crowd', codec.layout.oks_sigmas, use_area=False)
        found = self.confidence_targets(encoded, 2, pose)
        np.testing.assert_allclose(found, oks.max(axis=1), atol=1e-5)
        assert 0.2 < found.min() < found.max() < 0.95

    def confidence_targets(self, encoded: tuple, index: int, poses: np.ndarray) -> torch.Tensor:
        """Return the OKS that the codec gives poses (M, K, 2) in px of an image."""
        codec, samples = encoded
        cells = torch.from_numpy((poses[None] + 0.5) / 4 - 0.5).float()
        middles, valid = cells[:, :, 0].long(), torch.ones(cells.shape[:2], dtype=torch.bool)
        candidates = TrainingCandidates(cells, middles, valid)
        return codec.match(candidates, codec.unpack([samples[index]]), 0.3).oks[0]
