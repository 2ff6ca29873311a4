# OCHuman, test only: `mim test` this config with a checkpoint trained on COCO.
_base_ = ['../coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

data_root = '{{$DUALCENTER_OCHUMAN:data/ochuman}}'
images = dict(img='images/')
val_file = 'annotations/ochuman_coco_format_val_range_0.00_1.00.json'
test_file = 'annotations/ochuman_coco_format_test_range_0.00_1.00.json'
val_dataloader = dict(
    dataset=dict(type='CheckedOCHumanDataset', data_root=data_root, ann_file=val_file, data_prefix=images),
)
test_dataloader = dict(
    dataset=dict(type='CheckedOCHumanDataset', data_root=data_root, ann_file=test_file, data_prefix=images),
)

val_evaluator = [
    dict(type='CocoMetric', ann_file=f'{data_root}/{val_file}', score_mode='bbox', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{val_file}', area_source='both'),
]
test_evaluator = [
    dict(type='CocoMetric', ann_file=f'{data_root}/{test_file}', score_mode='bbox', nms_mode='none'),
    dict(type='BBPBBRMetric', ann_file=f'{data_root}/{test_file}', area_source='both'),
]
