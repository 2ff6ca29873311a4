"""What a model costs: batches that are refused, images of one size, memory."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from dualcenter_mmpose.experiments.comparison.speed import (
    common_items,
    complexity,
    images_per_second,
    peak_mib,
    test_size,
)
from tests.helpers import build_model, tiny_model

test_size.__test__ = False  # not a test

PIPELINE = [dict(type='LoadImage'), dict(type='BottomupResize', input_size=(64, 64)), dict(type='PackPoseInputs')]


def config_of(model, pipeline=PIPELINE):
    return Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline))))


class TestComplexity:
    """Parameters always, multiply-adds where they can be counted."""

    def test_tiny(self):
        """Those of the built model."""
        model = build_model(tiny_model())
        found = complexity(config_of(tiny_model()), model, notes := [])
        assert found['parameters'] == sum(p.numel() for p in model.parameters())
        assert found['multiply_adds'] > 0
        assert found['size'] == [64, 64]
        assert notes == []

    def test_not_counted(self):
        """A network that cannot run on shapes alone says why."""
        init_default_scope('mmpose')
        found = complexity(config_of(dict(type='NoSuchModel')), torch.nn.Linear(2, 3), notes := [])
        assert (found['parameters'], found['multiply_adds']) == (9, None)
        assert 'multiply-adds not counted: KeyError' in notes[0]


class TestTestSize:
    """The size that the test pipeline makes."""

    def test_found(self):
        assert test_size(config_of({})) == (64, 64)

    def test_none(self):
        with pytest.raises(ValueError, match='input_size'):
            test_size(config_of({}, PIPELINE[:1]))


class TestCommonItems:
    """The images of the most common size."""

    def test_most_common(self):
        shapes = [(3, 4, 4), (3, 4, 8), (3, 4, 8)]
        dataset = [dict(inputs=torch.zeros(shape), idx=i) for i, shape in enumerate(shapes)]
        assert [item['idx'] for item in common_items(dataset)] == [1, 2]


class TestImagesPerSecond:
    """Batch size over the median of the rounds; a refused size ends the series."""

    def test_medians(self):
        """After a warm-up of 9 s: 1, 2 and 6 s for one image, twice that for two."""
        seconds = {1: iter([9, 1, 2, 6]), 2: iter([9, 2, 4, 12])}
        assert images_per_second(lambda size: next(seconds[size]), [2, 1, 2], 3, []) == {'1': 0.5, '2': 0.5}

    def test_refused(self):
        """What fails is noted, and larger ones are not tried."""
        asked = []

        def run(size):
            asked.append(size)
            if size > 1:
                raise AssertionError('one image only')
            return 0.5

        assert images_per_second(run, [1, 2, 4], 1, notes := []) == {'1': 2.0}
        assert notes == ['batch 2 refused: AssertionError: one image only']
        assert 4 not in asked

    def test_silent_refusal(self):
        """An error without words does not end the comparison."""

        def run(size):
            raise AssertionError

        assert images_per_second(run, [1], 1, notes := []) == {}
        assert notes == ['batch 1 refused: AssertionError: -']

    def test_patience(self):
        """When one batch takes 31 s, larger ones are left out."""
        assert list(images_per_second(lambda size: 31 * size, [1, 2], 1, notes := [])) == ['1']
        assert notes == ['batches above 1 not timed: one took 31 s']


class TestPeakMib:
    """What a computation makes, weights left out."""

    def test_by_hand(self):
        """A result of 2**18 numbers of 4 bytes is 1 MiB."""
        layer = torch.nn.Linear(1, 2**18, bias=False)
        with torch.no_grad():
            assert peak_mib(layer, lambda: layer(torch.ones(1, 1))) == pytest.approx(1.0, abs=1e-4)
