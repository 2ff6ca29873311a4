# Beyond the paper, all options at once: weak centers, the keypoint mean as a third center, adaptive center Gaussians;
# groups are averaged in stage 2. Stage 1.
_base_ = ['./beyond-weak-centers_hrnet-w32_8xb10-140e_coco-512x512.py']

centers = [*_base_.codec.centers, dict(name='kpt_center', rule='kpt_mean', sigma=4)]
model = dict(
    head=dict(decoder=dict(centers=centers, center_heat=dict(adaptive_reference=50.0))),
    test_cfg=dict(flip_test=False),
)

train_pipeline = _base_.train_pipeline
train_pipeline[3].encoder.centers = centers  # presumed centers are packed in the loader, one for each group
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
