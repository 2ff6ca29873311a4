# SWAHR (arXiv 2012.15175) on HigherHRNet, whose schedule it keeps.
_base_ = ['../../higherhrnet/coco/higherhrnet_hrnet-w32_8xb24-300e_coco-512x512.py']

model = dict(head=dict(type='SWAHRHead'))
