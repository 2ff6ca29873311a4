"""``BottomUpHead``: base class of the heads of bottom-up methods, from the codec to packed predictions.

Axis letters: B images, N instances, K keypoints.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import KEYPOINT_CODECS
from torch import Tensor

from dualcenter_mmpose.geometry import tight_boxes
from dualcenter_mmpose.types import PredictedInstances

TEST_OPTIONS = ('flip_test', 'output_heatmaps', 'multiscale_test')


class BottomUpHead(BaseHead):
    """A head with a codec, whose predictions are instances of the whole image.

    Args:
        num_keypoints: K; must be the codec's.
        decoder: config of the codec, the same that encodes.
        init_cfg: initialization.

    Raises:
        ValueError: if ``num_keypoints`` is not the codec's.
    """

    ignored_test_options: tuple[str, ...] = ()
    """Options of ``test_cfg`` that are accepted and mean nothing."""

    def __init__(self, num_keypoints: int, decoder: Mapping[str, Any], init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.decoder = KEYPOINT_CODECS.build(dict(decoder))
        if num_keypoints != self.decoder.num_keypoints:
            raise ValueError(
                f"num_keypoints is {num_keypoints} but the codec's keypoint set '{self.decoder.layout.name}' has "
                f'{self.decoder.num_keypoints}; give both the same data set'
            )
        self.num_keypoints = num_keypoints

    @abstractmethod
    def predict_instances(self, feats: Sequence[Any], flip_test: bool = False) -> tuple[PredictedInstances, Any]:
        """Return the instances of a batch on its device, keypoints in input px, and the maps they were read from.

        Args:
            feats: the backbone's maps; with ``flip_test`` a pair of them, for the images and for the mirrored images.
            flip_test: average the maps of the two.
        """

    @abstractmethod
    def pack_maps(self, maps: Any) -> list[PixelData]:
        """Return one ``PixelData`` per image of the maps of :meth:`predict_instances`, for ``output_heatmaps``."""

    def predict(
        self,
        feats: Sequence[Any],
        batch_data_samples: Sequence[Any],
        test_cfg: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the instances of a batch of any size (MMPose's contract).

        Args:
            feats: the backbone's maps; with ``flip_test`` a pair of them, for the images and for the mirrored images.
            batch_data_samples: data samples of the images.
            test_cfg: ``flip_test``, ``output_heatmaps``.

        Returns:
            One ``InstanceData`` per image, best instance first, all in input px: ``keypoints`` (N, K, 2),
            ``keypoint_scores`` (N, K), ``bboxes`` (N, 4) xyxy around all keypoints, ``bbox_scores`` (N,) the
            instance score. With ``output_heatmaps`` also one ``PixelData`` per image.

        Raises:
            KeyError: for an unknown option in ``test_cfg``.
            NotImplementedError: for ``multiscale_test``, which MMPose 1.x cannot feed.
        """
        options = test_cfg or {}
        check_test_options(options, type(self).__name__, self.ignored_test_options)
        instances, maps = self.predict_instances(feats, options.get('flip_test', False))
        packed = pack_instances(instances)
        return (packed, self.pack_maps(maps)) if options.get('output_heatmaps', False) else packed


def check_test_options(options: Mapping[str, Any], name: str, ignored: Sequence[str] = ()) -> None:
    """Refuse options of ``test_cfg`` that a head does not know, and warn once of those that it passes over.

    Args:
        options: ``test_cfg``.
        name: of the head, for the message.
        ignored: further options that are accepted.

    Raises:
        KeyError: for an unknown option.
        NotImplementedError: for ``multiscale_test``.
    """
    passed_over = sorted(set(options) & set(ignored))
    if passed_over:
        # The same text from the same line: Python shows it once a process.
        warnings.warn(
            f'test_cfg has options that {name} does not read: {passed_over}. The codec decides them: align, and '
            'decoding.group_thr and decoding.max_people',
            UserWarning,
            stacklevel=2,
        )
    unknown = sorted(set(options) - set(TEST_OPTIONS) - set(ignored))
    if unknown:
        raise KeyError(f'test_cfg has unknown options {unknown}; {name} knows {list(TEST_OPTIONS)}')
    if options.get('multiscale_test', False):
        raise NotImplementedError('multiscale_test: MMPose 1.x stacks image pyramids wrongly; test at one scale')


def check_map_shape(predicted: Tensor, target: Tensor) -> None:
    """Refuse targets that were made for other maps than the head puts out.

    Args:
        predicted: heatmaps of the head.
        target: heatmaps to compare them with.

    Raises:
        ValueError: if their shapes differ.
    """
    if predicted.shape != target.shape:
        raise ValueError(
            f'the head puts out heatmaps {tuple(predicted.shape)} but the targets are {tuple(target.shape)}; '
            "input_size of the training pipeline must be the codec's, times the largest scale under multi-scale "
            'training'
        )


def pack_instances(instances: PredictedInstances) -> list[InstanceData]:
    """Return one ``InstanceData`` of numpy arrays per image, after a single copy to the host.

    Args:
        instances: keypoints in input px.
    """
    columns = (
        instances.keypoints.flatten(2),  # (B, N, 2K)
        instances.keypoint_scores,
        tight_boxes(instances.keypoints),
        instances.scores[..., None],
        instances.valid[..., None].to(instances.scores.dtype),
    )
    table = torch.cat(columns, dim=-1).cpu().numpy()  # (B, N, 3K + 6)
    num_keypoints = instances.keypoints.shape[2]
    packed = []
    for rows in table:
        rows = rows[rows[:, -1] > 0]
        packed.append(
            InstanceData(
                keypoints=rows[:, : 2 * num_keypoints].reshape(-1, num_keypoints, 2),
                keypoint_scores=rows[:, 2 * num_keypoints : 3 * num_keypoints],
                bboxes=rows[:, -6:-2],
                bbox_scores=rows[:, -2],
            )
        )
    return packed
