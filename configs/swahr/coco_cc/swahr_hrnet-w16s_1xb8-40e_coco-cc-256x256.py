# SWAHR (arXiv 2012.15175) on HigherHRNet, whose schedule it keeps.
_base_ = ['../../higherhrnet/coco_cc/higherhrnet_hrnet-w16s_1xb8-40e_coco-cc-256x256.py']

model = dict(head=dict(type='SWAHRHead'))
