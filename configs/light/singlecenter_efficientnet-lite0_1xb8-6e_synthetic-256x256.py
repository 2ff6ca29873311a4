# The single-center baseline on the light backbone: the same code, data, scales and schedule with DEKR's one center.
_base_ = ['./dualcenter_efficientnet-lite0_1xb8-6e_synthetic-256x256.py']

# Targets are made by the head from packed keypoints, so its codec alone decides the centers.
model = dict(head=dict(decoder=dict(centers=[dict(name='kpt_center', rule='kpt_mean', sigma=4)])))
