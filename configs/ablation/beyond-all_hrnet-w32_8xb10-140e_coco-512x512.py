# Beyond the paper, all options at once: pseudo centers, the keypoint mean as a third center, adaptive center Gaussians;
# groups are averaged in stage 2. Stage 1.
_base_ = ['./beyond-weak-centers_hrnet-w32_8xb10-140e_coco-512x512.py']

centers = [*_base_.model.head.decoder.centers, dict(name='kpt_center', rule='kpt_mean', sigma=4)]
model = dict(
    head=dict(decoder=dict(centers=centers, center_heatmap=dict(adaptive_reference=50.0))),
    test_cfg=dict(flip_test=False),
)
