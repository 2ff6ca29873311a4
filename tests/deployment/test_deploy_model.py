"""The whole model as one network: what MMPose's own call says, in slots."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from dualcenter_mmpose.deployment import DeployModel
from dualcenter_mmpose.deployment.deploy_model import OUTPUTS
from dualcenter_mmpose.deployment.exporting import trace
from tests.helpers import build_model, codec_config, encode_sample, random_people, tiny_dekr, tiny_model, with_pose_nets

SIZE, SLOTS = 64, 30
# Random weights put values around 0.3 everywhere: this threshold leaves some instances, and none in a black image.
SPARSE = codec_config(SIZE, decoding=dict(candidate_thr=0.295))
MODELS = {
    'dense': tiny_model(SIZE, SPARSE),
    'pose nets': with_pose_nets(tiny_model(SIZE, SPARSE)),
    'flip': tiny_model(SIZE, SPARSE, test_cfg=dict(flip_test=True)),
    'levels': tiny_model(SIZE, SPARSE, type='MultiScaleTrainingWrapper'),
}


def random_images(num: int, seed: int = 0) -> torch.Tensor:
    """Return images (num, 3, 64, 64) uint8, the second one black."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (num, 3, SIZE, SIZE), generator=generator, dtype=torch.uint8)
    images[1:2] = 0
    return images


def predict(model, images) -> list[InstanceData]:
    """Return what MMPose's own call says: ``forward`` in mode 'predict' after the data preprocessor."""
    samples = [encode_sample(model.head.decoder, random_people(1, SIZE, 0)) for _ in images]
    data = model.data_preprocessor(dict(inputs=list(images), data_samples=samples))
    with torch.no_grad():
        return [sample.pred_instances for sample in model(**data, mode='predict')]


def run(network, images) -> dict[str, np.ndarray]:
    with torch.no_grad():
        return {name: value.numpy() for name, value in network(images).items()}


class TestDeployModel:
    """Law: the same instances as MMPose's call, whatever the model is made of."""

    @pytest.mark.parametrize('name', MODELS)
    def test_equals_predict(self, name):
        """Every field of every instance, bit for bit but for the conversion to image px, and zeros behind them."""
        model = build_model(MODELS[name]).eval()
        images = random_images(4)
        outputs = run(DeployModel(model), images)
        assert tuple(outputs) == OUTPUTS
        counts = outputs['num_people']
        assert counts[1] < counts.max() <= SLOTS
        for idx, expected in enumerate(predict(model, images)):
            assert counts[idx] == len(expected)
            found = {name: values[idx][: counts[idx]] for name, values in outputs.items() if values.ndim > 1}
            np.testing.assert_allclose(found['keypoints'], expected.keypoints, atol=1e-4)
            np.testing.assert_allclose(found['boxes'], expected.bboxes, atol=1e-4)
            np.testing.assert_array_equal(found['keypoint_scores'], expected.keypoint_scores)
            np.testing.assert_array_equal(found['scores'], expected.bbox_scores)
            assert not any(values[idx][counts[idx] :].any() for values in outputs.values() if values.ndim > 1)

    def test_shapes(self):
        """Slots do not depend on the images."""
        outputs = run(DeployModel(build_model(MODELS['dense'])), random_images(3))
        assert outputs['keypoints'].shape == (3, SLOTS, 17, 2)
        assert outputs['keypoint_scores'].shape == (3, SLOTS, 17)
        assert outputs['boxes'].shape == (3, SLOTS, 4)
        assert outputs['scores'].shape == (3, SLOTS)
        assert outputs['num_people'].shape == (3,)
        assert outputs['num_people'].dtype == np.int64

    @pytest.mark.parametrize('name', ['pose nets', 'flip'])
    def test_batch_is_images_one_by_one(self, name):
        """Batch n equals n times batch 1; a convolution may round differently, by 1e-4 px.

        Instances whose scores differ by no more than that rounding may change places.
        """
        network = DeployModel(build_model(MODELS[name]))
        images = random_images(4)
        together = run(network, images)
        alone = [run(network, images[idx : idx + 1]) for idx in range(len(images))]
        for idx, one in enumerate(alone):
            np.testing.assert_allclose(together['scores'][idx], one['scores'][0], atol=1e-4)
            assert together['num_people'][idx] == one['num_people'][0] > 1
            count = one['num_people'][0]
            poses, twins = (
                np.concatenate((out['keypoints'][i, :count].reshape(count, -1), out['boxes'][i, :count]), axis=1)
                for out, i in ((together, idx), (one, 0))
            )
            apart = np.abs(poses[:, None] - twins[None]).max(axis=-1)
            assert apart.min(axis=1).max() < 1e-4
            assert apart.min(axis=0).max() < 1e-4

    def test_deformable_blocks(self):
        """torchvision's operator does not export; the network goes on with ours, which finds the same instances."""
        config = tiny_model(SIZE, SPARSE)
        config['head']['blocks'] = ('deformable', 'deformable')
        model = build_model(config).eval()
        images = random_images(2)
        before = predict(model, images)[0]
        network = DeployModel(model)
        outputs = run(network, images)
        count = outputs['num_people'][0]
        assert count == len(before) > 0
        np.testing.assert_allclose(outputs['scores'][0, :count], before.bbox_scores, atol=1e-4)
        assert 'deform_conv2d' not in str(trace(network, (SIZE, SIZE)).graph)

    def test_types_of_images(self):
        """Bytes and floats give the same."""
        network = DeployModel(build_model(MODELS['dense']))
        images = random_images(2)
        before = images.clone()
        as_bytes, as_floats = run(network, images), run(network, images.float())
        assert torch.equal(images, before)
        for output in OUTPUTS:
            np.testing.assert_array_equal(as_bytes[output], as_floats[output])

    def test_normalize(self):
        """BGR (200, 100, 50) with RGB means (10, 20, 30) and deviation 5 is RGB (8, 16, 34)."""
        preprocessor = dict(type='PoseDataPreprocessor', mean=[10, 20, 30], std=[5, 5, 5], bgr_to_rgb=True)
        network = DeployModel(build_model(tiny_model(data_preprocessor=preprocessor)))
        image = torch.tensor([200, 100, 50], dtype=torch.uint8).reshape(1, 3, 1, 1)
        assert network.normalize(image).flatten().tolist() == [8, 16, 34]

    def test_no_normalization(self):
        """Without mean and conversion, pixels stay as they are."""
        network = DeployModel(build_model(tiny_model(data_preprocessor=dict(type='PoseDataPreprocessor'))))
        images = random_images(1)
        assert torch.equal(network.normalize(images), images.float())

    def test_flip_test_can_be_left_out(self):
        """The argument decides before test_cfg does."""
        model = build_model(MODELS['flip'])
        assert DeployModel(model).flip_test
        plain = run(DeployModel(model, flip_test=False), random_images(2))
        both = run(DeployModel(model), random_images(2))
        assert np.abs(plain['keypoints'] - both['keypoints']).max() > 1e-3

    def test_auxiliary_heads_stay_behind(self):
        """What only training needs is no part of the network, which is in test mode."""
        model = build_model(MODELS['levels']).train()
        network = DeployModel(model)
        assert not [name for name in network.state_dict() if 'auxiliary' in name]
        assert not any(module.training for module in network.modules())

    def test_another_head(self):
        """The message names what it got."""
        with pytest.raises(ValueError, match=r'needs an estimator with a DualCenterHead, got .* with DEKRHead'):
            DeployModel(build_model(tiny_dekr()))

    def test_image_pyramid(self):
        """One graph has one image size."""
        with pytest.raises(ValueError, match='multiscale_test'):
            DeployModel(build_model(tiny_model(test_cfg=dict(multiscale_test=True))))
