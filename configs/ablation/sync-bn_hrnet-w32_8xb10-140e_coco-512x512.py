# Stage 1 with BatchNorm statistics over all GPUs (80 images in place of 10); on one GPU it changes nothing.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

sync_bn = 'torch'
