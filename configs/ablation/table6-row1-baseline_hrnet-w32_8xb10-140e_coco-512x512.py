# Table 6, row 1: one center, the mean of the keypoints (DEKR's), one scale, no mirrored view. Trained.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(
    scales=(1.0,),
    head=dict(
        decoder=dict(
            # Targets are made by the head, so its codec alone decides the centers.
            centers=[dict(name='kpt_center', rule='kpt_mean', sigma=4)],
            # Poses nearer than a tenth of their diagonal are one; center heat times keypoint heat ranks, as in DEKR.
            decoding=dict(spatial='euclidean', group_thr=0.9, instance_score='center*kpt_mean'),
        )
    ),
    test_cfg=dict(flip_test=False),
)

train_pipeline = _base_.train_pipeline
train_pipeline[1].input_size = _base_.codec.input_size  # one scale: S in place of 2S
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
