from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from dualcenter_mmpose.coco.annotation_checks import AnnotationError, load_coco_annotations
from tests.reference.coco_files import COCO_KEYPOINT_NAMES, coco_content, person, write_coco

NAN = float('nan')


def good() -> dict:
    """Return a fresh COCO content of two people in three images."""
    return coco_content(person(1, 1, (0, 0, 10, 20)), person(2, 2, (5, 5, 10, 20)))


class TestGoodFiles:
    """Files that pass, and what is noted about them."""

    def test_content_comes_back(self, tmp_path: Path) -> None:
        """Images, annotations and categories are those of the file."""
        content = good()
        checked = load_coco_annotations(write_coco(tmp_path, content), num_keypoints=17)
        assert checked.images == content['images']
        assert checked.annotations == content['annotations']
        assert checked.pose_category_ids == {1}
        assert not checked.is_crowdpose
        assert checked.notes == ('1 images have no annotation',)

    def test_oddities_of_real_files_are_counted(self, tmp_path: Path) -> None:
        """A box without extent, an empty region, a person without keypoints pass with a note."""
        content = coco_content(
            person(1, 1, (0, 0, 0, 20)),
            person(2, 2, (5, 5, 10, 20), segmentation=[]),
            person(3, 3, (5, 5, 10, 20)),
            person(4, 3, (5, 5, 10, 20)),
        )
        del content['annotations'][2]['keypoints']
        del content['annotations'][3]['segmentation'], content['annotations'][3]['area']
        notes = load_coco_annotations(write_coco(tmp_path, content), num_keypoints=17).notes
        assert [note.split(';')[0] for note in notes] == [
            '1 annotations have a box without extent, which cannot be found',
            "1 annotations have an empty 'segmentation'",
            "1 annotations have no 'keypoints'",
        ]

    def test_crowdpose_is_recognised(self, tmp_path: Path) -> None:
        """By the key that only its images have."""
        content = good()
        content['images'][0]['crowdIndex'] = 0.5
        assert load_coco_annotations(write_coco(tmp_path, content)).is_crowdpose

    def test_other_keypoint_names_are_noted(self, tmp_path: Path) -> None:
        """CrowdPose calls 'top_head' what its file calls 'head'."""
        names = ['head' if n == 'nose' else n for n in COCO_KEYPOINT_NAMES]
        checked = load_coco_annotations(write_coco(tmp_path, good()), keypoint_names=names)
        assert any('taken to be the same keypoints' in note for note in checked.notes)

    def test_test_images_need_no_annotations(self, tmp_path: Path) -> None:
        """If the caller says so."""
        content = good()
        del content['annotations']
        path = write_coco(tmp_path, content)
        assert load_coco_annotations(path, require_annotations=False).annotations == []
        with pytest.raises(AnnotationError, match=r"keys missing: \['annotations'\]"):
            load_coco_annotations(path)

    def test_no_annotation_at_all(self, tmp_path: Path) -> None:
        """An empty list is a valid file."""
        checked = load_coco_annotations(write_coco(tmp_path, coco_content()), num_keypoints=17)
        assert checked.notes == ('3 images have no annotation',)


class TestWholeFile:
    """Files that are missing, cut off or of another kind."""

    def test_missing(self, tmp_path: Path) -> None:
        """The path is named."""
        with pytest.raises(AnnotationError, match=r"'.*none\.json' does not exist"):
            load_coco_annotations(tmp_path / 'none.json')

    def test_truncated(self, tmp_path: Path) -> None:
        """Every prefix of a file is refused."""
        path = Path(write_coco(tmp_path, good()))
        text = path.read_text()
        for share in (0, 1, 5, 9):
            path.write_text(text[: len(text) * share // 10])
            with pytest.raises(AnnotationError, match='truncated or not JSON'):
                load_coco_annotations(path)

    @pytest.mark.parametrize(
        ('content', 'message'),
        [
            ([], 'not a COCO file, its content is a list'),
            ({'shapes': []}, r"keys missing: \['images', 'categories', 'annotations'\]"),
            ({'images': {}, 'annotations': [], 'categories': []}, "'images' is a dict, not a list"),
            ({'images': [1], 'annotations': [], 'categories': []}, 'entry 0 is a int'),
        ],
    )
    def test_not_coco(self, tmp_path: Path, content: object, message: str) -> None:
        """A list, another format, sections of another type."""
        path = tmp_path / 'ann.json'
        path.write_text(json.dumps(content))
        with pytest.raises(AnnotationError, match=message):
            load_coco_annotations(path)


REMOVE = object()
BAD_ENTRIES = [
    # section, entry, key, value, message
    ('images', 1, 'id', 1, r"'images': ids occur more than once .*: id 1\."),
    ('images', 1, 'id', 'x', r"'images': ids must be integers .*: 'x'"),
    ('images', 1, 'file_name', REMOVE, r"'images' without 'file_name' .*: id 2 \(entry 1\)"),
    ('images', 1, 'file_name', 5, r'file_name must be a text .*: id 2: 5'),
    ('images', 1, 'width', REMOVE, r"'images' without 'width'"),
    ('images', 1, 'height', 0, r'width and height must be positive .*: id 2: 200 x 0'),
    ('images', 1, 'height', '160', 'width and height must be positive'),
    ('categories', 0, 'id', REMOVE, r"'categories' without 'id'"),
    ('categories', 0, 'keypoints', ['nose'], r"names 1 keypoints, the config's metainfo has 17"),
    ('annotations', 1, 'id', 1, r"'annotations': ids occur more than once .*: id 1\."),
    ('annotations', 1, 'bbox', REMOVE, r"'annotations' without 'bbox' .*: id 2"),
    ('annotations', 1, 'image_id', 9, r'image_id is not in the file .*: id 2: 9'),
    ('annotations', 1, 'category_id', 9, r'category_id is not in the file .*: id 2: 9'),
    (
        'annotations',
        1,
        'bbox',
        [0, 0, -1, 5],
        r"'bbox' must be .*: id 2 \(image 2\): \[0, 0, -1, 5\]",
    ),
    ('annotations', 1, 'bbox', [0, NAN, 1, 5], r"'bbox' must be .*: id 2 \(image 2\): \[0, nan, 1"),
    ('annotations', 1, 'bbox', [0, 0, 1], r"'bbox' must be .*: id 2 \(image 2\): \[0, 0, 1\]"),
    ('annotations', 1, 'area', NAN, r"'area' must be .*: id 2 \(image 2\): nan"),
    ('annotations', 1, 'area', -3, r"'area' must be .*: id 2 \(image 2\): -3"),
    (
        'annotations',
        1,
        'keypoints',
        [0] * 42,
        r'each of 17 keypoints .*: id 2 \(image 2\): 42 values',
    ),
    ('annotations', 1, 'keypoints', [NAN] * 51, r"'keypoints' must be finite .*: id 2 \(image 2\)"),
    ('annotations', 1, 'keypoints', 7, r'each of 17 keypoints .*: id 2 \(image 2\): 0 values'),
]


class TestEntries:
    """One bad entry in an otherwise good file."""

    @pytest.mark.parametrize(('section', 'entry', 'key', 'value', 'message'), BAD_ENTRIES)
    def test_bad_entry_is_refused(
        self, tmp_path: Path, section: str, entry: int, key: str, value: object, message: str
    ) -> None:
        """File, key, id, value received and total are in the message."""
        content = copy.deepcopy(good())
        if value is REMOVE:
            del content[section][entry][key]
        else:
            content[section][entry][key] = value
        path = write_coco(tmp_path, content)
        with pytest.raises(AnnotationError, match=message) as caught:
            load_coco_annotations(path, num_keypoints=17)
        assert str(caught.value).startswith(path)

    def test_no_categories(self, tmp_path: Path) -> None:
        """Missing and empty are both refused."""
        content = good()
        content['categories'] = []
        with pytest.raises(AnnotationError, match="'categories' is empty"):
            load_coco_annotations(write_coco(tmp_path, content))
        del content['categories']
        with pytest.raises(AnnotationError, match=r"keys missing: \['categories'\]"):
            load_coco_annotations(write_coco(tmp_path, content))

    def test_other_number_of_keypoints_than_the_config(self, tmp_path: Path) -> None:
        """A COCO file under a CrowdPose config."""
        with pytest.raises(AnnotationError, match=r"17 keypoints, the config's metainfo has 14"):
            load_coco_annotations(write_coco(tmp_path, good()), num_keypoints=14)

    def test_same_names_in_another_order(self, tmp_path: Path) -> None:
        """Left and right would be swapped in silence."""
        names = [COCO_KEYPOINT_NAMES[i] for i in (0, 2, 1, *range(3, 17))]
        with pytest.raises(AnnotationError, match='in another order'):
            load_coco_annotations(write_coco(tmp_path, good()), keypoint_names=names)

    def test_file_without_any_keypoints(self, tmp_path: Path) -> None:
        """The detection file given for the keypoint file."""
        content = good()
        for annotation in content['annotations']:
            del annotation['keypoints']
        path = write_coco(tmp_path, content)
        with pytest.raises(AnnotationError, match='instances_'):
            load_coco_annotations(path, num_keypoints=17)
        assert len(load_coco_annotations(path).annotations) == 2

    def test_many_offenders_are_counted(self, tmp_path: Path) -> None:
        """Five are shown of eight."""
        people = [person(i, 1, (0, 0, -1, 5)) for i in range(1, 9)]
        with pytest.raises(AnnotationError, match=r'\(8 in total\).*id 5 .*and 3 more\.'):
            load_coco_annotations(write_coco(tmp_path, coco_content(*people)))


class TestImageFiles:
    """Image entries and the files they name."""

    def test_present(self, tmp_path: Path) -> None:
        """All files there: no error."""
        load_coco_annotations(write_coco(tmp_path, good(), with_images=True), images_dir=str(tmp_path))

    def test_missing_file_and_folder(self, tmp_path: Path) -> None:
        """The first missing names, the folder, the config's key to correct."""
        path = write_coco(tmp_path, good(), with_images=True)
        (tmp_path / '2.png').unlink()
        with pytest.raises(AnnotationError, match=r"\(1 in total\): '2\.png'.*data_prefix"):
            load_coco_annotations(path, images_dir=str(tmp_path))
        with pytest.raises(AnnotationError, match=r"'.*none', does not exist.*data_prefix"):
            load_coco_annotations(path, images_dir=str(tmp_path / 'none'))
