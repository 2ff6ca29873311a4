"""A small multi-scale model, batches and an optimizer for the tests of the sequential step."""

import torch
from mmengine.optim import OptimWrapper

from tests.helpers import build_model, encode_sample, make_batch, random_people, tiny_model

SIZE = 64


def make_model(**options):
    return build_model(tiny_model(SIZE, type='MultiScaleTrainingWrapper', **options))


def training_batch(model, seed=0, num_images=2):
    instances = [(random_people(2, SIZE, seed=seed + n) + 0.5) * 2 - 0.5 for n in range(num_images)]
    samples = [encode_sample(model.head.decoder, p, input_size=(2 * SIZE,) * 2) for p in instances]
    return make_batch(samples, 2 * SIZE, seed=seed)


def sgd(model, **options):
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), **options)
