# Fig. 12 right, bar 1: the similarity network alone; a person's score is the mean of its centers'. Tests stage 2.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_stage2_8xb10-20e_coco-512x512.py']

model = dict(
    head=dict(
        pose_nets=dict(confidence=None, refinement=None),
        decoder=dict(decoding=dict(instance_score='center_mean')),
    ),
    test_cfg=dict(flip_test=False),
)
