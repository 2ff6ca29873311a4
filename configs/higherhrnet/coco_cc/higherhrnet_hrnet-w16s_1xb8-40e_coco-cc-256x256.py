# The small HigherHRNet on coco_cc, 426 real photographs for training and 120 for validation.
# Never call a number measured there a COCO number: it is not the COCO protocol. docs/coco_cc.md: how to make it.
_base_ = ['../synthetic/higherhrnet_hrnet-w16s_1xb8-6e_synthetic-256x256.py']

train_cfg = dict(max_epochs=40, val_interval=20)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.001, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=40, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]

data_root = '{{$DUALCENTER_COCO_CC:data/coco_cc}}'
ann_file = 'annotations/person_keypoints_val.json'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='CocoMetric', ann_file=f'{data_root}/{ann_file}', score_mode='bbox', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{ann_file}', area_source='both'),
]
test_evaluator = val_evaluator
