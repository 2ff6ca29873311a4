# Table 6, row 4: the row above with the confidence network, which scores and ranks. Tests a checkpoint of stage 2.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(
    head=dict(
        pose_nets=dict(similarity=None, refinement=None),
        decoder=dict(decoding=dict(spatial='euclidean', group_thr=0.9)),
    ),
    test_cfg=dict(flip_test=False),
)
