# Eq. 1 and Eq. 3 to the letter: one Gaussian for all keypoints, residuals in pixels. Stage 2, trained.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(
    head=dict(pose_nets=dict(refinement_units='pixel'), decoder=dict(decoding=dict(spatial='gaussian'))),
    test_cfg=dict(flip_test=False),
)
