# MMPose's own DEKR, unchanged, with BBP and BBR beside its AP.
_base_ = ['mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w48_8xb10-140e_coco-640x640.py']

custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)

# DEKR gives no instance score besides its keypoint scores.
val_evaluator = [
    _base_.val_evaluator,
    dict(type='BBPBBRMetric', ann_file=_base_.val_evaluator.ann_file, area_source='both', score_mode='keypoint'),
]
test_evaluator = val_evaluator
