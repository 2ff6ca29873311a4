# Beyond the paper: the mean of the keypoints as a third center, for persons half outside the image (the paper's own
# failure case), whose head and hips may both be missing. Stage 1.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

third = dict(name='kpt_center', rule='kpt_mean', sigma=4)
model = dict(head=dict(decoder=dict(centers=[*_base_.model.head.decoder.centers, third])))
