"""Whole predictions: the staged people are found by both sides."""

import pytest

from benchmarks import predict
from benchmarks.models import make_model


@pytest.mark.parametrize(('center', 'options'), [('dekr', dict(test_cfg=predict.DEKR_TEST_CFG)), ('dual', {})])
@pytest.mark.parametrize('people', [1, 3])
def test_people_are_found(center, options, people):
    """Random weights find nobody, the staged maps all: what is timed includes decoding real people."""
    model = make_model(width=16, size=predict.SIZE, filters=5, blocks=('plain', 'plain'), center=center, **options)
    results = predict.make_prediction(model.eval(), people, 1)()
    assert [len(result.pred_instances) for result in results] == [people]


def test_batches():
    """A batch gives as many results."""
    model = make_model(width=16, size=predict.SIZE, filters=5, blocks=('plain', 'plain')).eval()
    assert [len(result.pred_instances) for result in predict.make_prediction(model, 2, 2)()] == [2, 2]
