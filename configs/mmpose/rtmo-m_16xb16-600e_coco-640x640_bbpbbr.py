# MMPose's own RTMO, unchanged, with BBP and BBR beside its AP.
_base_ = ['mmpose::body_2d_keypoint/rtmo/coco/rtmo-m_16xb16-600e_coco-640x640.py']

custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)

# The score of a pose is that of its box.
val_evaluator = [
    _base_.val_evaluator,
    dict(type='BBPBBRMetric', ann_file=_base_.val_evaluator.ann_file, area_source='both', score_mode='bbox'),
]
test_evaluator = val_evaluator
