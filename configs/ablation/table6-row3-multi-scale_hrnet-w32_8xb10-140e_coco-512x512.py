# Table 6, row 3: the row above with multi-scale training. Training is that of the main config: test its checkpoint.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(
    head=dict(
        decoder=dict(decoding=dict(spatial='euclidean', group_thr=0.9, instance_score='center_mean')),
    ),
    test_cfg=dict(flip_test=False),
)
