# Beyond the paper: the members of a group are averaged, weighted by confidence and heat, in place of picking the most
# confident one. Tests a checkpoint of stage 2.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(head=dict(decoder=dict(decoding=dict(merge=True))))
