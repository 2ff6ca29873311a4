# CrowdPose: 14 keypoints, no crowd regions to mask.
_base_ = ['../coco/higherhrnet_hrnet-w32_8xb24-300e_coco-512x512.py', '../../_base_/crowdpose.py']

train_cfg = dict(val_interval=20)
default_hooks = dict(checkpoint=dict(save_best='crowdpose/AP', rule='greater'))

metainfo = dict(from_file='configs/_base_/datasets/crowdpose.py')
model = dict(head=dict(num_keypoints=14, decoder=dict(metainfo=metainfo)))

pack_targets = dict(type='GenerateTarget', encoder=dict(_base_.encoder, metainfo=metainfo))
train_pipeline = [_base_.load_image, _base_.one_scale_affine, _base_.mirror, pack_targets, _base_.pack_training]

train_dataloader = dict(dataset=dict(**_base_.crowdpose.train, pipeline=train_pipeline))
val_dataloader = dict(dataset=_base_.crowdpose.test)
test_dataloader = val_dataloader
val_evaluator = _base_.crowdpose.evaluator
test_evaluator = val_evaluator
