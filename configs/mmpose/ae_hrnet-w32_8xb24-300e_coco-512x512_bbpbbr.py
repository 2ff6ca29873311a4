# MMPose's own associative embedding (test only: it has no train pipeline), unchanged, with BBP and BBR beside its AP.
_base_ = ['mmpose::body_2d_keypoint/associative_embedding/coco/ae_hrnet-w32_8xb24-300e_coco-512x512.py']

custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)

# The score of a pose is in bbox_scores.
val_evaluator = [
    _base_.val_evaluator,
    dict(type='BBPBBRMetric', ann_file=_base_.val_evaluator.ann_file, area_source='both', score_mode='bbox'),
]
test_evaluator = val_evaluator
