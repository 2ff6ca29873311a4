# Stage 1 with an exponential moving average of the weights, which is tested and saved.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

custom_hooks = [
    dict(type='SyncBuffersHook'),
    # Before the checkpoint hook (VERY_LOW); settings of MMPose's RTMPose.
    dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0002, update_buffers=True, priority=49),
]
