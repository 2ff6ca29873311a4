from __future__ import annotations

import copy

import pytest

from dualcenter_mmpose.coco.annotation_defaults import area_of, complete_annotation, has_labels, region_of

BOX_POLYGON = [[1, 2, 4, 2, 4, 6, 1, 6]]


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({}, False),
        ({'keypoints': None}, False),
        ({'keypoints': []}, False),
        ({'keypoints': [5, 5, 0, 7, 7, 0]}, False),
        ({'keypoints': [0, 0, 0, 7, 7, 1]}, True),
        ({'keypoints': [0, 0, 2, 7, 7, 0], 'num_keypoints': 0}, True),
    ],
)
def test_has_labels(given: dict[str, object], expected: bool) -> None:
    """Visibilities decide, not coordinates nor the annotated count."""
    assert has_labels(given) is expected


class TestCompleteAnnotation:
    """Keys that annotations may leave out."""

    def test_person_without_keypoints(self) -> None:
        """Unlabelled keypoints, counted as none, no crowd; the argument stays as it is."""
        given = {'id': 1, 'bbox': [0, 0, 1, 1]}
        before = copy.deepcopy(given)
        completed = complete_annotation(given, 2)
        assert completed['keypoints'] == [0] * 6
        assert completed['num_keypoints'] == 0
        assert completed['iscrowd'] == 0
        assert given == before

    def test_count_is_that_of_labelled_keypoints(self) -> None:
        """Visibility 1 and 2 are labelled, 0 is not."""
        assert complete_annotation({'keypoints': [1, 1, 1, 2, 2, 2, 0, 0, 0]}, 3)['num_keypoints'] == 2

    def test_what_is_given_stays(self) -> None:
        """Nothing is overwritten."""
        given = {'keypoints': [1, 1, 1], 'num_keypoints': 0, 'iscrowd': 1}
        assert complete_annotation(given, 1) == given


class TestRegionOf:
    """The region to mask."""

    @pytest.mark.parametrize('segmentation', [None, [], [[]], [[1, 2, 3, 4]], {}, {'counts': [1]}, 'text'])
    def test_box_stands_in(self, segmentation: object) -> None:
        """Missing, empty, too few corners, an incomplete encoding: the box 3 x 4 at (1, 2)."""
        assert region_of({'bbox': [1, 2, 3, 4], 'segmentation': segmentation}) == BOX_POLYGON

    def test_missing_key(self) -> None:
        """CrowdPose has no regions."""
        assert region_of({'bbox': [1, 2, 3, 4]}) == BOX_POLYGON

    @pytest.mark.parametrize(
        'segmentation',
        [
            [[0, 0, 9, 0, 9, 9]],
            {'counts': [5, 3], 'size': [4, 2]},
            {'counts': '52203', 'size': [4, 2]},
        ],
    )
    def test_regions_stay(self, segmentation: object) -> None:
        """Polygons and both run-length encodings."""
        assert region_of({'bbox': [1, 2, 3, 4], 'segmentation': segmentation}) == segmentation

    def test_bad_polygon_beside_a_good_one(self) -> None:
        """Only the good one is kept."""
        good = [0, 0, 9, 0, 9, 9]
        assert region_of({'bbox': [1, 2, 3, 4], 'segmentation': [[1, 1], good]}) == [good]


class TestAreaOf:
    """The size of a person."""

    @pytest.mark.parametrize('area', [70, 0, 2.5])
    def test_what_is_given(self, area: float) -> None:
        """The annotated area, whatever the box."""
        assert area_of({'bbox': [1, 2, 30, 40], 'area': area}) == area

    @pytest.mark.parametrize('given', [{}, {'area': None}])
    def test_share_of_the_whole_box(self, given: dict) -> None:
        """CrowdPose: 0.53 of 30 x 40 px, also where the box leaves the image to the left."""
        assert area_of({'bbox': [-20, 2, 30, 40], **given}) == pytest.approx(636)
