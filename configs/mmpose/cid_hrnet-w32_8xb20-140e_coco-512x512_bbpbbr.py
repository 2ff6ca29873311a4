# MMPose's own CID, unchanged, with BBP and BBR beside its AP.
_base_ = ['mmpose::body_2d_keypoint/cid/coco/cid_hrnet-w32_8xb20-140e_coco-512x512.py']

custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)

# CocoMetric drops poses that are alike (oks_nms); the boxes are those of all poses. tools/compare.py scores the rest.
val_evaluator = [
    _base_.val_evaluator,
    dict(type='BBPBBRMetric', ann_file=_base_.val_evaluator.ann_file, area_source='both', score_mode='keypoint'),
]
test_evaluator = val_evaluator
