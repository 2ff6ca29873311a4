# Table 6, row 5: the row above with the similarity network, which groups. Tests a checkpoint of stage 2.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(head=dict(pose_nets=dict(refinement=None)), test_cfg=dict(flip_test=False))
