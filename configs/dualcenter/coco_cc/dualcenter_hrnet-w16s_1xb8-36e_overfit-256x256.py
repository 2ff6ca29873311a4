# Can it learn at all? The small model on 16 photographs, without augmentation, tested on the same 16.
# Data: dualcenter take-images data/coco_cc/annotations/person_keypoints_train.json data/overfit
_base_ = ['./dualcenter_hrnet-w16s_1xb8-40e_coco-cc-256x256.py']

epochs = 36  # of 100 steps: each photograph 50 times an epoch
train_cfg = dict(max_epochs=epochs, val_interval=6)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.001, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=epochs, eta_min=1e-5, by_epoch=True, convert_to_iter_based=True),
]

model = dict(test_cfg=dict(flip_test=False))  # a mirrored photograph is one that it has not seen

data_root = '{{$DUALCENTER_OVERFIT:data/overfit}}'
ann_file = 'annotations/person_keypoints_train.json'

# The whole image, its long side at 2S, in training as in testing.
train_pipeline = _base_.train_pipeline
train_pipeline[1] = dict(
    type='EmptySafeBottomupRandomAffine',
    input_size=(512, 512),
    scale_type='long',
    shift_prob=0.0,
    scale_prob=0.0,
    rotate_prob=0.0,
)
del train_pipeline[2]  # RandomFlip
photographs = _base_.train_dataloader.dataset
photographs.update(data_root=data_root, ann_file=ann_file, pipeline=train_pipeline)
train_dataloader = dict(dataset=dict(_delete_=True, type='RepeatDataset', times=50, dataset=photographs))

val_pipeline = _base_.val_pipeline
val_pipeline[1].resize_mode = 'fit'
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file=ann_file, pipeline=val_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='CocoMetric', ann_file=f'{data_root}/{ann_file}', score_mode='bbox', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{ann_file}', area_source='both'),
]
test_evaluator = val_evaluator
