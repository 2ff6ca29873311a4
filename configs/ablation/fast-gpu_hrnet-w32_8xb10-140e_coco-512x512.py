# Stage 1 with faster steps, which should change nothing else: bfloat16, channels last, a compiled backbone.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py', '../_base_/fast_gpu.py']

custom_hooks = _base_.fast_gpu.custom_hooks
optim_wrapper = _base_.fast_gpu.optim_wrapper
train_dataloader = _base_.fast_gpu.train_dataloader
