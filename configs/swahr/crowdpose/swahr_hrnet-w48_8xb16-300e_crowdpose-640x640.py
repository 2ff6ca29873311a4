# SWAHR (arXiv 2012.15175) on HigherHRNet, whose schedule it keeps.
_base_ = ['../../higherhrnet/crowdpose/higherhrnet_hrnet-w48_8xb16-300e_crowdpose-640x640.py']

model = dict(head=dict(type='SWAHRHead'))
