# Stage 1 with a random crop of nominal size in place of the largest scale.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

model = dict(crop_largest=True)
