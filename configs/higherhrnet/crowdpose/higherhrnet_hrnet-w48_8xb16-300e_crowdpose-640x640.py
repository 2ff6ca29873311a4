# CrowdPose: 14 keypoints, no crowd regions to mask.
_base_ = ['../coco/higherhrnet_hrnet-w48_8xb16-300e_coco-640x640.py']

train_cfg = dict(val_interval=20)
default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP', rule='greater'))

metainfo = dict(from_file='configs/_base_/datasets/crowdpose.py')
model = dict(head=dict(num_keypoints=14, decoder=dict(metainfo=metainfo)))

train_pipeline = _base_.train_pipeline
train_pipeline[3].encoder.metainfo = metainfo

data_root = '{{$DUALCENTER_CROWDPOSE:data/crowdpose}}'
images = dict(img='images/')
ann_file = 'annotations/mmpose_crowdpose_test.json'
train_dataloader = dict(
    dataset=dict(
        type='CheckedCrowdPoseDataset',
        data_root=data_root,
        ann_file='annotations/mmpose_crowdpose_trainval.json',
        data_prefix=images,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(type='CheckedCrowdPoseDataset', data_root=data_root, ann_file=ann_file, data_prefix=images),
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(
        type='CocoMetric',
        ann_file=f'{data_root}/{ann_file}',
        score_mode='bbox',
        nms_mode='none',
        use_area=False,
        iou_type='keypoints_crowd',
        prefix='crowdpose',
    ),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{ann_file}', area_source='both', use_area=False),
]
test_evaluator = val_evaluator
