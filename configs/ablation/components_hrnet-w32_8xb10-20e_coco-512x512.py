# Groups are connected components in place of greedy ones: chains join people. Tests a checkpoint of stage 2.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(head=dict(decoder=dict(decoding=dict(grouping='components'))))
