# DEKR by this package's head: one center, one scale, no networks, adaptive blocks in the reduced config too. Unlike
# MMPose's own it does not use the operator of mmcv, whose speed on a CPU would decide a comparison.
_base_ = ['./table6-row1-baseline_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(
    head=dict(
        blocks=('adaptive', 'adaptive'),
        decoder=dict(align='corner'),  # where DEKR's weights have learned to look
    )
)
