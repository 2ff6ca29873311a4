# SWAHR (arXiv 2012.15175) on HigherHRNet, whose schedule it keeps.
_base_ = ['../../higherhrnet/synthetic/higherhrnet_hrnet-w16s_1xb8-6e_synthetic-256x256.py']

model = dict(head=dict(type='SWAHRHead'))
