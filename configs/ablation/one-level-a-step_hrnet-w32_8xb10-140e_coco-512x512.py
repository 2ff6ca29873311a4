# Stage 1 with one scale a step, the nominal one half of the time.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(scales_per_step=1, scale_probabilities=(1, 2, 1))
