"""Batches through the loader: nothing changes on the way but the way."""

import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from mmengine.registry import FUNCTIONS, init_default_scope
from torch.utils.data import DataLoader

from dualcenter_mmpose.datasets import batching
from dualcenter_mmpose.datasets.batching import InlineSamples, stack_collate
from tests.helpers import encode_sample, make_codec, random_people


def make_samples(count, side=64):
    codec = make_codec(side)
    images = torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8)
    samples = [encode_sample(codec, random_people(idx, side, seed=idx)) for idx in range(count)]
    for idx, sample in enumerate(samples):
        sample.set_metainfo(dict(img_id=idx, warp_mat=np.eye(3)))
    return [dict(inputs=image, data_samples=sample) for image, sample in zip(images, samples)]


def assert_same(one, other):
    assert type(one) is type(other)
    assert one.metainfo['img_id'] == other.metainfo['img_id']
    np.testing.assert_array_equal(one.metainfo['warp_mat'], other.metainfo['warp_mat'])
    for part in ('gt_instance_labels', 'gt_fields'):
        ours, theirs = getattr(one, part), getattr(other, part)
        assert type(ours) is type(theirs)
        assert set(ours.keys()) == set(theirs.keys()) != set()
        for key in ours.keys():  # noqa: SIM118 (not a dictionary)
            assert isinstance(ours.get(key), torch.Tensor)
            assert ours.get(key).dtype == theirs.get(key).dtype
            assert torch.equal(ours.get(key), theirs.get(key))


class TestInlineSamples:
    """InlineSamples."""

    def test_round_trip(self):
        """Types, values, meta information and empty tensors survive; the tensors can be written to."""
        samples = [entry['data_samples'] for entry in make_samples(3)]
        restored = pickle.loads(pickle.dumps(InlineSamples(samples)))
        assert isinstance(restored, InlineSamples)
        for one, other in zip(restored, samples):
            assert_same(one, other)
        restored[2].gt_fields.valid_mask_bits += 1

    def test_no_shared_memory(self):
        """Between processes, tensors are shared memory files; those of samples travel as bytes."""
        samples = [entry['data_samples'] for entry in make_samples(2)]
        assert b'rebuild_tensor' in bytes(ForkingPickler.dumps(samples))
        assert b'rebuild_tensor' not in bytes(ForkingPickler.dumps(InlineSamples(samples)))

    def test_large_tensors(self, monkeypatch):
        """Dense maps go through shared memory, and the samples are the same."""
        monkeypatch.setattr(batching, 'INLINE_BYTES', 100)
        samples = [entry['data_samples'] for entry in make_samples(3)]
        sent = bytes(ForkingPickler.dumps(InlineSamples(samples)))
        assert b'rebuild_tensor' in sent
        restored = pickle.loads(sent)
        assert isinstance(restored, InlineSamples)
        for one, other in zip(restored, samples):
            assert_same(one, other)


class TestStackCollate:
    """stack_collate."""

    def test_registered(self):
        """A config reaches it by name."""
        init_default_scope('mmpose')
        assert FUNCTIONS.get('stack_collate') is stack_collate

    @pytest.mark.parametrize('workers', [0, 2])
    def test_through_a_loader(self, workers):
        """With and without workers: the images of the samples as one tensor, and the samples, in order."""
        samples = make_samples(5)
        loader = DataLoader(samples, batch_size=2, num_workers=workers, collate_fn=stack_collate)
        batches = list(loader)
        assert [tuple(batch['inputs'].shape) for batch in batches] == [(2, 3, 64, 64)] * 2 + [(1, 3, 64, 64)]
        images = [image for batch in batches for image in batch['inputs']]
        arrived = [sample for batch in batches for sample in batch['data_samples']]
        for image, sample, given in zip(images, arrived, samples):
            assert torch.equal(image, given['inputs'])
            assert_same(sample, given['data_samples'])

    def test_several_sizes(self):
        """Images that do not stack stay a list, as by default."""
        samples = [*make_samples(1, 64), *make_samples(1, 96)]
        batch = stack_collate(samples)
        assert [tuple(image.shape) for image in batch['inputs']] == [(3, 64, 64), (3, 96, 96)]
