# The small twin of HigherHRNet: backbone, data and schedule of the small dual-center model, one scale.
_base_ = ['../../dualcenter/synthetic/dualcenter_hrnet-w16s_1xb8-6e_synthetic-256x256.py']

model_wrapper_cfg = None
optim_wrapper = dict(paramwise_cfg=None)

scales = (1.0,)
train_input_size = (256, 256)
embedding = dict(
    type='AssociativeEmbeddingGrouping',
    input_size=(256, 256),
    heatmap_size=(64, 64),
    metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
)
codec = dict(_delete_=True, **embedding)

backbone = _base_.model.backbone
backbone.extra.stage4.multiscale_output = False  # only the finest map is used
model = dict(
    _delete_=True,
    type='BottomupPoseEstimator',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone=backbone,
    head=dict(
        type='HigherHRNetHead',
        in_channels=16,
        num_keypoints=17,
        num_deconv_filters=16,
        num_blocks=2,  # half of the blocks, as in each branch of the backbone
        decoder=embedding,
    ),
    test_cfg=dict(flip_test=True),
)

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = train_input_size
train_pipeline[3].encoder = embedding
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
