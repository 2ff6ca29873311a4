# Three part centers as in PINet's public configuration (head, torso, legs), everything else as the method: stage 1.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

hips = ['left_hip', 'right_hip']
legs = [*hips, 'left_knee', 'right_knee', 'left_ankle', 'right_ankle']
centers = [
    dict(name='head_center', rule='mean', sigma=2),
    dict(name='body_center', rule='mean', keypoints=['left_shoulder', 'right_shoulder', *hips], sigma=4),
    dict(name='leg_center', rule='mean', keypoints=legs, sigma=4),
]
model = dict(head=dict(decoder=dict(centers=centers)), test_cfg=dict(flip_test=False))
