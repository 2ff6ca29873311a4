# The single-center baseline: the same code, data, scales and schedule with DEKR's one center.
_base_ = ['./dualcenter_hrnet-w16s_1xb8-40e_coco-cc-256x256.py']

# Targets are made by the head from packed keypoints, so its codec alone decides the centers.
model = dict(head=dict(decoder=dict(centers=[dict(name='kpt_center', rule='kpt_mean', sigma=4)])))
