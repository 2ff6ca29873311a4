# CrowdPose: 14 keypoints, no crowd regions to mask.
_base_ = ['../coco/higherhrnet_hrnet-w48_8xb16-300e_coco-640x640.py', '../../_base_/crowdpose.py']

train_cfg = dict(val_interval=20)
default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP', rule='greater'))

metainfo = dict(from_file='configs/_base_/datasets/crowdpose.py')
model = dict(head=dict(num_keypoints=14, decoder=dict(metainfo=metainfo)))

train_pipeline = _base_.train_pipeline
train_pipeline[3].encoder.metainfo = metainfo

train_dataloader = dict(dataset=dict(**_base_.crowdpose.train, pipeline=train_pipeline))
val_dataloader = dict(dataset=_base_.crowdpose.test)
test_dataloader = val_dataloader
val_evaluator = _base_.crowdpose.evaluator
test_evaluator = val_evaluator
