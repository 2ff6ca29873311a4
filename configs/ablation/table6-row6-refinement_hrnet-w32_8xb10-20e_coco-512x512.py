# Table 6, row 6: the row above with the refinement network: the whole method, without a mirrored view.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(test_cfg=dict(flip_test=False))
