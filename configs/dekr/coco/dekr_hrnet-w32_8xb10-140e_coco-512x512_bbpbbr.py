# MMPose's own DEKR, unchanged, with BBP and BBR beside its AP.
_base_ = ['mmpose::body_2d_keypoint/dekr/coco/dekr_hrnet-w32_8xb10-140e_coco-512x512.py']

custom_imports = dict(imports=['dualcenter_mmpose'], allow_failed_imports=False)

val_evaluator = [
    dict(
        type='CocoMetric',
        ann_file='data/coco/annotations/person_keypoints_val2017.json',
        nms_mode='none',
        score_mode='keypoint',
    ),
    # DEKR gives no instance score besides its keypoint scores.
    dict(
        type='BBPBBRMetric',
        ann_file='data/coco/annotations/person_keypoints_val2017.json',
        area_source='both',
        score_mode='keypoint',
    ),
]
test_evaluator = val_evaluator
