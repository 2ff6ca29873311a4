# Stage 1 with rotation, scale and shift drawn evenly from their ranges, DEKR's law; MMPose draws from a bell.
_base_ = ['../dualcenter/coco/dualcenter_hrnet-w32_8xb10-140e_coco-512x512.py']

affine = dict(_base_.affine, distribution='uniform')
train_pipeline = [_base_.load_image, affine, _base_.mirror, _base_.pack_targets, _base_.pack_training]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
