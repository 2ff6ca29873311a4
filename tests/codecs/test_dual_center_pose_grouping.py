"""The registered codec: round trip at its true tolerance, seen to fail under the classical mistakes, and its doors."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmpose.registry import KEYPOINT_CODECS

from dualcenter_mmpose.assembly.training_candidates import PoseTraining
from dualcenter_mmpose.types import DenseMaps, DenseTargets, GroundTruthInstances
from tests.helpers import (
    CROWDPOSE,
    KPT_CENTER,
    encode_sample,
    make_codec,
    random_people,
    small_layout,
    standing_people,
)

HEAD = [dict(name='head_center', rule='mean', sigma=2)]
BODY = [dict(name='body_center', rule='pair_mid', sigma=4)]
PLACES = [(60, 70, 5), (190, 100, 7), (130, 200, 3)]
TOLERANCE = 1e-3  # input px


def decode_people(codec, encoded):
    keypoints, _ = codec.decode(torch.from_numpy(encoded['heatmaps']), torch.from_numpy(encoded['displacements']))
    return keypoints


def largest_error(found, expected):
    """Return the largest distance of any expected keypoint from the nearest found instance's."""
    if len(found) != len(expected):
        return np.inf
    distances = np.abs(found[:, None] - expected[None]).max(axis=(2, 3))
    return distances.min(axis=0).max()


class TestRoundTrip:
    """encode, decode."""

    @pytest.mark.parametrize('align', ['center', 'corner'])
    @pytest.mark.parametrize('centers', [HEAD, BODY, KPT_CENTER, HEAD + BODY], ids=['head', 'body', 'mean', 'dual'])
    def test_exact(self, centers, align):
        """Each center alone, and both, give back every keypoint to a thousandth of a pixel."""
        codec = make_codec(256, centers=centers, align=align, dense_targets=True)
        people = standing_people(PLACES)
        assert largest_error(decode_people(codec, codec.encode(people)), people) < TOLERANCE

    @pytest.mark.parametrize('metainfo', [CROWDPOSE, small_layout()], ids=['crowdpose', 'three keypoints'])
    def test_other_keypoint_sets(self, metainfo):
        """14 and 3 keypoints work like 17."""
        codec = make_codec(256, metainfo=metainfo, dense_targets=True)
        people = np.random.default_rng(4).uniform(60, 200, (1, codec.num_keypoints, 2)).astype(np.float32)
        assert largest_error(decode_people(codec, codec.encode(people)), people) < TOLERANCE

    def test_three_centers(self):
        """A third center group changes nothing for complete instances."""
        shoulder = [dict(name='left_shoulder', rule='keypoint', keypoints='left_shoulder', sigma=2)]
        codec = make_codec(256, centers=HEAD + BODY + shoulder, dense_targets=True)
        people = standing_people(PLACES)
        assert largest_error(decode_people(codec, codec.encode(people)), people) < TOLERANCE

    @pytest.mark.parametrize(
        ('name', 'spoil'),
        [
            ('half a cell', lambda enc: {**enc, 'displacements': enc['displacements'] + 0.5}),
            (
                'x and y swapped',
                lambda enc: {
                    **enc,
                    'displacements': enc['displacements'].reshape(-1, 2, 64, 64)[:, ::-1].reshape(68, 64, 64).copy(),
                },
            ),
            (
                'left and right swapped',
                lambda enc: {
                    **enc,
                    'displacements': enc['displacements']
                    .reshape(2, 17, 2, 64, 64)[:, [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]]
                    .reshape(68, 64, 64),
                },
            ),
        ],
    )
    def test_fails_when_broken(self, name, spoil):
        """The tolerance is tight enough to notice each classical mistake."""
        codec = make_codec(256, dense_targets=True)
        people = standing_people(PLACES)
        spoilt = decode_people(codec, spoil(codec.encode(people)))
        assert largest_error(spoilt, people) > 100 * TOLERANCE, name

    def test_alignments_differ_by_less_than_a_cell(self):
        """Decoding with the other alignment is off by (stride - 1) / 2 px at the center, so it must not pass."""
        people = standing_people(PLACES)
        encoded = make_codec(256, dense_targets=True).encode(people)
        off = decode_people(make_codec(256, align='corner', dense_targets=True), encoded)
        np.testing.assert_allclose(np.abs(off - decode_people(make_codec(256), encoded)).max(), 1.5, atol=1e-4)

    def test_head_only_and_torso_only(self):
        """An instance of which only the head, or only the torso, is labelled is found once."""
        codec = make_codec(256, dense_targets=True)
        people = standing_people([(70, 120, 8), (190, 120, 8)])
        visible = np.zeros((2, 17), np.float32)
        visible[0, :5], visible[1, [5, 6, 11, 12]] = 1, 1
        found = decode_people(codec, codec.encode(people, visible))
        assert len(found) == 2
        for person, seen in zip(people, visible > 0):
            errors = [np.abs(pose[seen] - person[seen]).max() for pose in found]
            assert min(errors) < TOLERANCE

    @pytest.mark.parametrize(('diagonal_px', 'is_found'), [(13, True), (11, False)])
    def test_small_persons(self, diagonal_px, is_found):
        """Instances are kept down to a diagonal of 3 cells, 12 px."""
        codec = make_codec(128, dense_targets=True)
        people = standing_people([(60, 60, 1)])
        extent = np.linalg.norm(people[0].max(0) - people[0].min(0))
        people = standing_people([(60, 60, diagonal_px / extent)])
        assert (len(decode_people(codec, codec.encode(people))) == 1) is is_found

    def test_nobody(self):
        """No instance gives no instance, and no error."""
        codec = make_codec(128, dense_targets=True)
        encoded = codec.encode(np.zeros((0, 17, 2), np.float32))
        assert encoded['heatmaps'].max() == 0
        assert decode_people(codec, encoded).shape == (0, 17, 2)

    def test_more_people_than_kept(self):
        """At most max_people come back, the best first."""
        codec = make_codec(512, dense_targets=True, decoding=dict(max_people=5))
        people = standing_people([(50 + 80 * i, 60 + 120 * j, 3) for i in range(5) for j in range(3)])
        encoded = codec.encode(people)
        encoded['heatmaps'][17:] *= np.linspace(0.5, 1, 128)[:, None]  # values rise downwards
        found = decode_people(codec, encoded)
        assert len(found) == 5
        assert found[:, :, 1].mean() > 250


class TestPacking:
    """Packed targets, made by the head, and dense ones, made by the loader."""

    @pytest.mark.parametrize('counts', [(0,), (3,), (2, 0, 5)])
    def test_equal_dense(self, counts):
        """The batch that the head makes equals the maps that encode() makes image by image."""
        packed, dense = make_codec(128), make_codec(128, dense_targets=True)
        images = [random_people(n, 128, seed=n) for n in counts]
        visible = [(np.random.default_rng(n).random((n, 17)) < 0.7).astype(np.float32) for n in counts]
        batch = [encode_sample(packed, k, keypoints_visible=v) for k, v in zip(images, visible)]
        made = packed.make_targets(packed.unpack(batch))
        for i, (k, v) in enumerate(zip(images, visible)):
            encoded = dense.encode(k, v)
            for name in DenseTargets._fields:
                np.testing.assert_allclose(getattr(made, name)[i], encoded[name], atol=1e-6, err_msg=name)

    def test_size(self):
        """An image of 30 instances packs into less than 10 KiB; its dense maps would be 11 MiB."""
        codec, dense = make_codec(512), make_codec(512, dense_targets=True)
        people = random_people(30, 512, seed=0)
        size, dense_size = (
            sum(value.nbytes for value in each.encode(people).values() if isinstance(value, np.ndarray))
            for each in (codec, dense)
        )
        assert size < 10 * 1024
        assert dense_size > 1000 * size

    def test_larger_training_image(self):
        """Instances in an image warped at twice the size land in the same cells, and the mask too."""
        codec = make_codec(128)
        people = random_people(4, 128, seed=1)
        crowd = [dict(iscrowd=1, bbox=[16, 16, 40, 40], segmentation=None)]
        nominal = codec.encode(people, raw_ann_info=crowd)
        # A pixel of the nominal image covers two of the larger one, whose middle is half a pixel further.
        larger = codec.encode(
            people * 2 + 0.5,
            raw_ann_info=crowd,
            input_size=(256, 256),
            warp_mat=np.array([[2, 0, 0.5], [0, 2, 0.5]]),
        )
        np.testing.assert_allclose(larger['target_keypoints'], nominal['target_keypoints'], atol=1e-5)
        assert (larger['target_mask_bits'] == nominal['target_mask_bits']).all()

    def test_unlabelled_people_mask(self):
        """A crowd region and an instance without keypoints are left out of all heatmaps, a labelled instance is not."""
        codec = make_codec(128, dense_targets=True)
        people = standing_people([(30, 60, 3), (90, 60, 3)])
        visible = np.array([[1] * 17, [0] * 17], np.float32)
        raw = [
            dict(keypoints=[1, 1, 2] * 17, bbox=[0, 0, 60, 128], segmentation=[]),
            dict(keypoints=[0, 0, 0] * 17, bbox=[64, 0, 63, 127], segmentation=[]),
        ]
        weights = codec.encode(people, visible, raw_ann_info=raw)['heatmap_weights']
        assert weights[:, :, :15].min() > 0
        assert weights[:, :, 17:].max() == 0

    @pytest.mark.parametrize('counts', [(2,), (0, 3)])
    def test_pseudo_centers_equal_dense(self, counts):
        """Instances with only a box supervise the same centers through both ways, beside labelled ones."""
        options = dict(pseudo_centers=dict(head_center=(0.5, 0.1)), center_heatmap=dict(pseudo_weight=0.4))
        packed, dense = make_codec(128, **options), make_codec(128, dense_targets=True, **options)
        batch, expected = [], []
        for count in counts:
            people = np.concatenate([random_people(count, 128, seed=count), np.zeros((1, 17, 2), np.float32)])
            visible = np.ones((count + 1, 17), np.float32)
            visible[-1] = 0
            raw = [dict(keypoints=[1, 1, 2] * 17, bbox=[0, 0, 9, 9], segmentation=[])] * count
            raw = [*raw, dict(keypoints=[0] * 51, bbox=[40, 40, 20, 60], segmentation=[])]
            batch.append(encode_sample(packed, people, keypoints_visible=visible, raw_ann_info=raw))
            expected.append(dense.encode(people, visible, raw_ann_info=raw))
        made = packed.make_targets(packed.unpack(batch))
        for i, encoded in enumerate(expected):
            for name in DenseTargets._fields:
                np.testing.assert_allclose(getattr(made, name)[i], encoded[name], atol=1e-6, err_msg=name)
        assert made.heatmap_weights[0, 17, 11, 12] in (pytest.approx(0.4), 1)

    def test_pseudo_center_of_no_group(self):
        """A name that no center group has is refused."""
        with pytest.raises(ValueError, match=r"pseudo_centers names \['feet'\]"):
            make_codec(64, pseudo_centers=dict(feet=(0.5, 0.9)))

    def test_area_and_box(self):
        """The annotation's area and the middle of its box arrive in input px."""
        codec = make_codec(128)
        raw = [dict(keypoints=[1, 1, 2] * 17, bbox=[10, 20, 31, 41], segmentation=[])]
        encoded = codec.encode(standing_people([(60, 60, 3)]), area=np.array([320.0]), raw_ann_info=raw)
        assert encoded['target_areas'].tolist() == [320]
        assert encoded['target_box_centers'].tolist() == [[25.5, 40.5]]

    def test_arguments_are_not_changed(self):
        """Encoding leaves its arguments as they were."""
        people, visible = random_people(3, 128, seed=2), np.ones((3, 17), np.float32)
        copies = people.copy(), visible.copy()
        make_codec(128).encode(people, visible)
        assert (people == copies[0]).all()
        assert (visible == copies[1]).all()


SHOULDER = [dict(name='left_shoulder', rule='keypoint', keypoints='left_shoulder', sigma=3)]
OTHERS = dict(
    align=dict(align='corner'),
    centers=dict(centers=SHOULDER),
    sigma=dict(sigma=3.0),
    background_weight=dict(background_weight=0.5),
    center_heatmap=dict(center_heatmap=dict(adaptive_reference=20.0)),
    pseudo_centers=dict(pseudo_centers=dict(head_center=(0.5, 0.1))),
    min_diagonal=dict(min_diagonal=9.0),
    decoding=dict(decoding=dict(max_people=3)),
)


def crowded_image():
    """Two instances with labels, one with a box alone, and a crowd."""
    people = np.concatenate([standing_people([(30, 60, 3), (90, 60, 1)]), np.zeros((2, 17, 2), np.float32)])
    visible = np.array([[1] * 17, [1] * 17, [0] * 17, [0] * 17], np.float32)
    raw = [
        dict(keypoints=[1, 1, 2] * 17, bbox=[20, 30, 20, 60], segmentation=[]),
        dict(keypoints=[1, 1, 2] * 17, bbox=[86, 52, 8, 18], segmentation=[]),
        dict(keypoints=[0] * 51, bbox=[60, 60, 20, 60], segmentation=[]),
        dict(keypoints=[0] * 51, bbox=[100, 100, 20, 20], segmentation=[], iscrowd=1),
    ]
    return people, visible, raw


class TestOneCodecDecides:
    """The head's codec makes the targets, whatever the loader's codec thinks of them."""

    @pytest.mark.parametrize('option', OTHERS)
    def test_packed(self, option):
        """A loader that differs in any option packs the same: targets are those of the head's codec."""
        people, visible, raw = crowded_image()
        head, loader = make_codec(128, **OTHERS[option]), make_codec(128)
        for one, other in ((head, loader), (loader, head)):
            mixed = encode_sample(other, people, keypoints_visible=visible, raw_ann_info=raw)
            alone = encode_sample(one, people, keypoints_visible=visible, raw_ann_info=raw)
            for name, value in one.make_targets(one.unpack([mixed]))._asdict().items():
                assert torch.equal(value, getattr(one.make_targets(one.unpack([alone])), name)), name

    @pytest.mark.parametrize('option', sorted(set(OTHERS) - {'decoding'}))
    def test_options_matter(self, option):
        """Each of these options moves the targets, so the test above can see what it is for."""
        people, visible, raw = crowded_image()
        usual, other = (
            codec.make_targets(
                codec.unpack([encode_sample(codec, people, keypoints_visible=visible, raw_ann_info=raw)])
            )
            for codec in (make_codec(128), make_codec(128, **OTHERS[option]))
        )
        same_shape = usual.heatmaps.shape == other.heatmaps.shape
        assert not same_shape or not all(torch.equal(a, b) for a, b in zip(usual, other))

    @pytest.mark.parametrize(
        'options',
        [dict(input_size=(256, 256), heatmap_size=(32, 32)), dict(input_size=(128, 128), heatmap_size=(64, 64))],
    )
    def test_other_sizes(self, options):
        """Pixels of another input size, or a mask of another grid, are refused with the remedy."""
        loader = KEYPOINT_CODECS.build(dict(type='DualCenterPoseGrouping', **options))
        sample = encode_sample(loader, standing_people([(60, 60, 3)]))
        with pytest.raises(ValueError, match=r'give the encoder of GenerateTarget the sizes of model.head.decoder'):
            make_codec(128).unpack([sample])

    @pytest.mark.parametrize('option', sorted(set(OTHERS) - {'decoding'}))
    def test_dense(self, option):
        """Maps that a loader made by another option are refused, and the option is named."""
        people, visible, raw = crowded_image()
        loader = make_codec(128, dense_targets=True, **OTHERS[option])
        sample = encode_sample(loader, people, keypoints_visible=visible, raw_ann_info=raw)
        name = 'center_heatmap' if option == 'background_weight' else option
        with pytest.raises(ValueError, match=rf"differ in \['{name}'\]"):
            make_codec(128).check_dense([sample])
        make_codec(128, dense_targets=True, **OTHERS[option]).check_dense([sample])

    def test_old_names(self):
        """Configs of 0.1 work, with a warning that names the new key."""
        with pytest.warns(FutureWarning, match="'weak_centers' is now 'pseudo_centers'"):
            codec = make_codec(64, weak_centers=dict(head_center=(0.5, 0.1)))
        assert codec.pseudo_places == ((0.5, 0.1), None)
        with pytest.warns(FutureWarning, match='pseudo_weight'):
            assert make_codec(64, center_heatmap=dict(weak_weight=0.4)).center_heatmap.pseudo_weight == 0.4
        with pytest.warns(FutureWarning, match='center_heatmap'):
            assert make_codec(64, center_heat=dict(pseudo_weight=0.4)).center_heatmap.pseudo_weight == 0.4


@pytest.mark.parametrize(('limit', 'expected'), [(200, 60 + 8 * 2 * 3), (70, 70), (40, 60)])
def test_training_candidates_of_all_sources(limit, expected):
    """``max_candidates`` counts peaks, 30 a center, and candidates around centers together; no peak is left out."""
    codec = make_codec(256)
    people = torch.from_numpy(random_people(8, 64, seed=0))[None]
    mask = torch.ones(1, 64, 64, dtype=torch.bool)
    labelled, boxes = torch.ones(1, 8, 17, dtype=torch.bool), torch.zeros(1, 8, 2)
    instances = GroundTruthInstances(people, labelled, torch.ones(1, 8), boxes, mask)
    maps = DenseMaps(torch.zeros(1, 19, 64, 64), torch.zeros(1, 68, 64, 64))
    candidates = codec.training_candidates(maps, instances, PoseTraining(max_candidates=limit, num_jittered=2))
    assert candidates.valid.shape == (1, expected)


class TestDoors:
    """What the constructor and encode() refuse."""

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            (dict(input_size=(500, 512), heatmap_size=(125, 128)), 'multiples of 32'),
            (dict(input_size=(512, 512), heatmap_size=(128, 64)), 'same stride'),
            (dict(input_size=(64, 64), heatmap_size=(16, 16), align='edge'), 'align must be one of'),
            (dict(input_size=(64, 64), heatmap_size=(16, 16), decoding=dict(peak_kernel=4)), 'odd number, got 4'),
            (dict(input_size=(64, 64), heatmap_size=(16, 16), decoding=dict(instance_score='mean')), "got 'mean'"),
        ],
    )
    def test_bad_options(self, options, message):
        """Each wrong value is named."""
        with pytest.raises(ValueError, match=message):
            KEYPOINT_CODECS.build(dict(type='DualCenterPoseGrouping', **options))

    def test_unknown_option(self):
        """An unknown key raises and is named."""
        with pytest.raises(TypeError, match='simga'):
            make_codec(64, simga=2)
        with pytest.raises(TypeError, match='max_persons'):
            make_codec(64, decoding=dict(max_persons=2))

    def test_other_number_of_keypoints(self):
        """14 keypoints for a codec of 17 are refused with the remedy."""
        with pytest.raises(ValueError, match=r"\(N, 17, 2\) for the keypoint set 'coco', got \(2, 14, 2\).*metainfo"):
            make_codec(64).encode(np.zeros((2, 14, 2), np.float32))

    def test_mirrored_image_that_is_not_square(self):
        """MMPose mirrors keypoints of such images wrongly, so they are refused rather than learned."""
        options = dict(input_size=(128, 64), flip=True, flip_direction='horizontal')
        with pytest.raises(ValueError, match='128 x 64 image are wrong'):
            make_codec(64).encode(standing_people([(30, 30, 2)]), **options)


def test_registered_in_a_fresh_process():
    """Importing the package is all that MMPose needs to know the codec."""
    code = (
        'import dualcenter_mmpose; from mmpose.registry import KEYPOINT_CODECS as k; '
        "print(k.get('DualCenterPoseGrouping').__name__)"
    )
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith('DualCenterPoseGrouping')
