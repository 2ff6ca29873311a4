from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import mmpose
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope
from mmpose.datasets.datasets import CocoDataset
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

import dualcenter_mmpose.datasets  # noqa: F401  (registers)
from dualcenter_mmpose.coco.annotation_checks import AnnotationError
from dualcenter_mmpose.datasets import checked_datasets
from dualcenter_mmpose.datasets.checked_datasets import SampleError, empty_data_info
from tests.reference.coco_files import coco_content, person, write_coco

BOX = (10.0, 20.0, 100.0, 80.0)
BOX_POLYGON = [[10, 20, 110, 20, 110, 100, 10, 100]]
TRAIN_PIPELINE = (
    {'type': 'LoadImage'},
    {'type': 'EmptySafeBottomupRandomAffine', 'input_size': (64, 64)},
    {'type': 'RandomFlip', 'direction': 'horizontal', 'prob': 1.0},
    {'type': 'PackPoseInputs'},
)


@lru_cache(maxsize=1)
def coco_metainfo() -> dict:
    """Return MMPose's description of COCO; reading it once saves most of the tests' time."""
    folder = Path(mmpose.__file__).parent / '.mim' / 'configs' / '_base_' / 'datasets'
    return Config.fromfile(str(folder / 'coco.py')).to_dict()['dataset_info']


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    """Find transforms in MMPose's registries, as a runner does."""
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


def build(path: str, kind: str = 'CheckedCocoDataset', **options: object) -> CocoDataset:
    """Return a bottom-up data set whose images lie beside its annotation file."""
    folder = path.rsplit('/', 1)[0]
    cfg = {
        'type': kind,
        'ann_file': path,
        'data_prefix': {'img': folder},
        'data_mode': 'bottomup',
        'pipeline': [],
        # Serialising collects garbage, which takes longer than all the rest.
        'serialize_data': False,
        **copy.deepcopy(options),
    }
    if kind in ('CocoDataset', 'CheckedCocoDataset'):
        cfg.setdefault('metainfo', coco_metainfo())
    return DATASETS.build(cfg)


@pytest.fixture
def content() -> dict:
    """Two people in image 1 (one without keypoints), one in image 2, none in image 3."""
    return coco_content(person(1, 1, BOX), person(2, 1, (5, 5, 20, 20), num_labelled=0), person(3, 2, BOX))


class TestUnchangedBehaviour:
    """What a good file gives is what MMPose gives."""

    @pytest.mark.parametrize('test_mode', [False, True])
    @pytest.mark.parametrize('data_mode', ['bottomup', 'topdown'])
    def test_good_file_loads_as_in_mmpose(self, tmp_path: Path, content: dict, test_mode: bool, data_mode: str) -> None:
        """Entry by entry what the stock data set gives."""
        path = write_coco(tmp_path, content, with_images=True)
        options = {'test_mode': test_mode, 'data_mode': data_mode}
        ours, stock = build(path, **options), build(path, 'CocoDataset', **options)
        assert len(ours) == len(stock) > 0
        for idx in range(len(ours)):
            mine, theirs = ours.get_data_info(idx), stock.get_data_info(idx)
            assert mine.keys() == theirs.keys()
            for key, value in theirs.items():
                np.testing.assert_equal(mine[key], value, err_msg=key)

    def test_ann_file_reaches_metrics(self, tmp_path: Path, content: dict) -> None:
        """In test mode the path is left in the message hub."""
        path = write_coco(tmp_path, content, with_images=True)
        build(path, test_mode=True)
        assert MessageHub.get_current_instance().get_info('coco_ann_file') == path

    @pytest.mark.parametrize(
        ('kind', 'num_keypoints'),
        [
            ('CheckedCocoDataset', 17),
            ('CheckedCrowdPoseDataset', 14),
            ('CheckedOCHumanDataset', 17),
        ],
    )
    def test_registered(self, tmp_path: Path, kind: str, num_keypoints: int) -> None:
        """Each is found by name and carries its parent's metainfo."""
        content = coco_content(person(1, 1, BOX))
        content['annotations'][0]['keypoints'] = content['annotations'][0]['keypoints'][: 3 * num_keypoints]
        del content['categories'][0]['keypoints']
        dataset = build(write_coco(tmp_path, content, with_images=True), kind)
        assert dataset.metainfo['num_keypoints'] == num_keypoints
        assert dataset.get_data_info(0)['keypoints'].shape == (1, num_keypoints, 2)


class TestChecks:
    """Files that are refused when the data set is built."""

    def test_bad_file_is_refused_before_it_is_loaded(
        self, tmp_path: Path, content: dict, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One error with file, id and value; MMPose's own loader does not run."""
        content['annotations'][0]['bbox'] = [0, 0, float('nan'), 5]
        path = write_coco(tmp_path, content, with_images=True)
        monkeypatch.setattr(CocoDataset, '_load_annotations', lambda self: pytest.fail('ran'))
        with pytest.raises(AnnotationError, match=r'ann\.json: .*id 1 \(image 1\): \[0, 0, nan'):
            build(path)

    def test_keypoints_of_another_set(self, tmp_path: Path, content: dict) -> None:
        """A COCO file under CrowdPose's metainfo."""
        path = write_coco(tmp_path, content, with_images=True)
        with pytest.raises(AnnotationError, match='metainfo has 14'):
            build(path, 'CheckedCrowdPoseDataset')

    def test_missing_image(self, tmp_path: Path, content: dict) -> None:
        """Refused at once, unless told not to look or the images are elsewhere than on disk."""
        path = write_coco(tmp_path, content)
        with pytest.raises(AnnotationError, match=r"'1\.png'; '2\.png'; '3\.png'"):
            build(path)
        assert len(build(path, check_images=False)) == 2
        assert len(build(path, data_prefix={'img': 's3://bucket/images'})) == 2

    def test_nobody_to_train_on(self, tmp_path: Path) -> None:
        """Refused in training, fine in testing."""
        path = write_coco(tmp_path, coco_content(), with_images=True)
        for keep_empty in (False, True):
            with pytest.raises(AnnotationError, match='there is nothing to train on'):
                build(path, keep_empty=keep_empty)
        assert len(build(path, test_mode=True)) == 3

    def test_test_images_without_annotations(self, tmp_path: Path, content: dict) -> None:
        """COCO's test sets have no such key."""
        del content['annotations']
        path = write_coco(tmp_path, content, with_images=True)
        assert len(build(path, test_mode=True)) == 3
        with pytest.raises(AnnotationError, match='annotations'):
            build(path)

    def test_notes_are_logged(self, tmp_path: Path, content: dict, monkeypatch: pytest.MonkeyPatch) -> None:
        """Oddities that pass are told once each."""
        messages = []
        monkeypatch.setattr(checked_datasets, 'print_log', lambda message, **options: messages.append(message))
        build(write_coco(tmp_path, content, with_images=True))
        assert len(messages) == 1
        assert messages[0].endswith('ann.json: 1 images have no annotation')


class TestRepairs:
    """What is filled in."""

    @pytest.mark.parametrize('segmentation', [[], [[]], None])
    def test_box_stands_in_for_an_empty_region(self, tmp_path: Path, content: dict, segmentation: object) -> None:
        """A person without keypoints and without a region is masked by the box."""
        content['annotations'][1].update(segmentation=segmentation, bbox=list(BOX))
        info = build(write_coco(tmp_path, content, with_images=True)).get_data_info(0)
        assert info['invalid_segs'] == [BOX_POLYGON]

    def test_crowd_encoding_stays(self, tmp_path: Path, content: dict) -> None:
        """Run-length encodings go through as they are."""
        encoding = {'counts': [32000], 'size': [160, 200]}
        content['annotations'][1].update(segmentation=encoding, iscrowd=1)
        info = build(write_coco(tmp_path, content, with_images=True)).get_data_info(0)
        assert info['invalid_segs'] == [encoding]

    def test_person_without_keypoints_key_is_masked_not_dropped(self, tmp_path: Path, content: dict) -> None:
        """MMPose would drop the person and train on its place as background."""
        del content['annotations'][1]['keypoints'], content['annotations'][1]['num_keypoints']
        path = write_coco(tmp_path, content, with_images=True)
        info = build(path).get_data_info(0)
        assert info['keypoints'].shape == (2, 17, 2)
        assert info['keypoints_visible'][1].sum() == 0
        assert len(info['invalid_segs']) == 1
        assert len(build(path, 'CocoDataset').get_data_info(0)['id']) == 1

    def test_things_without_keypoints_stay_background(self, tmp_path: Path, content: dict) -> None:
        """An annotation of a category without keypoints is no person."""
        content['categories'].append({'id': 2, 'name': 'dog'})
        dog = content['annotations'][1]
        dog['category_id'] = 2
        del dog['keypoints']
        info = build(write_coco(tmp_path, content, with_images=True)).get_data_info(0)
        assert info['id'] == [1]


class TestKeepEmpty:
    """Images without people in training."""

    def test_empty_images_are_kept_on_request(self, tmp_path: Path, content: dict) -> None:
        """Image 3 is dropped by default, as in MMPose, and the last entry otherwise."""
        path = write_coco(tmp_path, content, with_images=True)
        assert [build(path).get_data_info(i)['img_id'] for i in range(2)] == [1, 2]
        dataset = build(path, keep_empty=True)
        assert len(dataset) == 3
        empty, full = dataset.get_data_info(2), dataset.get_data_info(0)
        assert empty['img_id'] == 3
        assert full.keys() == empty.keys()

    def test_shapes_match_those_of_an_image_with_people(self, tmp_path: Path, content: dict) -> None:
        """Type, trailing shape and dtype of every entry are the same; the length is 0."""
        path = write_coco(tmp_path, content, with_images=True)
        full = build(path).get_data_info(0)
        empty = empty_data_info({'img_id': 3, 'img_path': '3.png'}, 17)
        for key in empty.keys() - {'img_id', 'img_path'}:
            assert type(empty[key]) is type(full[key]), key
            assert len(empty[key]) == 0, key
            if isinstance(full[key], np.ndarray):
                assert empty[key].shape[1:] == full[key].shape[1:], key
                assert empty[key].dtype == full[key].dtype, key

    def test_pipeline(self, tmp_path: Path, content: dict) -> None:
        """Affine, flip and packing take the empty image; instances have length 0."""
        path = write_coco(tmp_path, content, with_images=True)
        sample = build(path, keep_empty=True, pipeline=TRAIN_PIPELINE)[2]
        assert sample['inputs'].shape == (3, 64, 64)
        assert len(sample['data_samples'].gt_instances) == 0
        assert sample['data_samples'].gt_instances.keypoints.shape == (0, 17, 2)


class TestPrepareData:
    """Errors while a sample is prepared."""

    def test_corrupt_image_is_named(self, tmp_path: Path, content: dict) -> None:
        """File, image id and the way out, whatever the transform said."""
        path = write_coco(tmp_path, content, with_images=True)
        picture = tmp_path / '1.png'
        picture.write_bytes(picture.read_bytes()[:100])
        message = r"1\.png' \(id 1\).*100 bytes\) is corrupt.*remove its entry from '.*ann\.json'"
        with pytest.raises(SampleError, match=message):
            build(path, pipeline=[{'type': 'LoadImage'}])[0]

    def test_image_removed_after_the_check_is_named(self, tmp_path: Path, content: dict) -> None:
        """Files may vanish while training runs."""
        path = write_coco(tmp_path, content, with_images=True)
        dataset = build(path, pipeline=[{'type': 'LoadImage'}])
        (tmp_path / '2.png').unlink()
        with pytest.raises(SampleError, match=r"2\.png' .*does not exist"):
            dataset[1]

    def test_fault_of_a_transform_names_the_image_without_blaming_the_file(self, tmp_path: Path, content: dict) -> None:
        """The file is whole, so the error is passed on with the image's name."""
        path = write_coco(tmp_path, content, with_images=True)
        dataset = build(path, pipeline=[{'type': 'GenerateTarget', 'encoder': SPR}])
        with pytest.raises(SampleError, match=r"1\.png' \(id 1\)") as caught:
            dataset[0]
        assert 'corrupt' not in str(caught.value)
        assert caught.value.__cause__ is not None

    def test_error_reaches_the_user_from_a_worker(self, tmp_path: Path, content: dict) -> None:
        """A loader process passes the message on."""
        path = write_coco(tmp_path, content, with_images=True)
        (tmp_path / '1.png').write_bytes(b'')
        loader = DataLoader(build(path, pipeline=[{'type': 'LoadImage'}]), num_workers=1, collate_fn=list)
        with pytest.raises(SampleError, match=r"1\.png' .*empty"):
            next(iter(loader))


SPR = {'type': 'SPR', 'input_size': (64, 64), 'heatmap_size': (16, 16), 'sigma': 'none'}
